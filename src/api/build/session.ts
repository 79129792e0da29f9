/** `POST /gantry/build`: one connection for one build of `gantry build` (wire/build-session.ts). */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, errorKind, findEngineError } from '#base/errors.ts'
import { type ContextDockerfile, readDockerfile } from '#build/transfer/dockerfile.ts'
import type { BuildOutput, InspectRequest } from '#build/types.ts'
import type { Engine } from '#engine/types.ts'
import type { Answer, HijackedConnection } from '#api/answer.ts'
import type { Call } from '#api/call.ts'
import { toBuiltBody, toEventBody, toInspectedBody } from '#api/build/event-body.ts'
import { createFailureWatch } from '#api/build/failure-watch.ts'
import { createSessionInbox, type EnginePeer, type SessionInbox } from '#api/build/inbox.ts'
import { openSessionContexts, type SessionContexts } from '#api/build/session-contexts.ts'
import { readBuildSpec, readImageForm } from '#api/build/spec.ts'
import { createSshForward } from '#api/build/ssh.ts'
import { BuildSpecBody } from '#wire/build.ts'
import { openEnginePeer } from '#wire/build-peer.ts'
import { decodeRequest } from '#wire/decode.ts'

export const sessionContentType = 'application/vnd.gantry.build-session'

export function buildSession(call: Call): Answer {
  return {
    type: 'hijack',
    contentType: sessionContentType,
    run: (connection) => serveSession(call.engine, connection),
  }
}

interface Session {
  readonly engine: Engine
  readonly peer: EnginePeer
  readonly inbox: SessionInbox
  readonly spec: BuildSpecBody
}

async function serveSession(engine: Engine, connection: HijackedConnection): Promise<void> {
  const peer = openEnginePeer(connection)
  try {
    const messages = peer.messages[Symbol.asyncIterator]()
    const spec = await readSpec(messages)
    const inbox = createSessionInbox(messages)
    // A client that half-closes has gone as well: nobody takes the result.
    const signal = AbortSignal.any([connection.signal, inbox.ended])
    await serveBuild({ engine, peer, inbox, spec }, signal)
  } catch (error) {
    if (!connection.signal.aborted) await peer.send(toFailed(error))
  }
}

async function readSpec(messages: AsyncIterator<{ readonly type: string }>) {
  const first = await messages.next()
  const message: unknown = first.done ? undefined : first.value
  const isBuild = typeof message === 'object' && message !== null && 'spec' in message
  if (!isBuild) {
    throw new EngineError('invalid_argument', 'build session: it does not begin with a build')
  }
  return decodeRequest(BuildSpecBody, message.spec)
}

async function serveBuild(session: Session, signal: AbortSignal): Promise<void> {
  const { engine, peer, inbox, spec } = session
  const { buildContexts: contexts } = engine
  await using opened = await openSessionContexts({ spec, peer, inbox, contexts }, signal)
  const dockerfile = findDockerfile(spec, opened)
  if (spec.call !== 'build') {
    const outcome = await engine.builder.inspect(inspectRequest(spec, dockerfile, opened), signal)
    await peer.send({ type: 'inspected', outcome: toInspectedBody(outcome, dockerfile) })
    return
  }
  const directory = join(engine.config.execRoot, 'ssh')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const watch = createFailureWatch(dockerfile, ignorePatterns(opened))
  const building = engine.builder.build(
    {
      ...readBuildSpec(spec),
      contexts: opened.sources,
      dockerfile,
      outputs: (spec.outputs ?? [{ type: 'image' }]).map((output, index): BuildOutput => {
        const form = readImageForm(output)
        return output.type === 'image'
          ? { type: 'image', isPushed: output.isPushed ?? false, form }
          : { ...clientOutput(session, { type: output.type, index }), form }
      }),
      ssh: new Map(
        (spec.ssh ?? []).map((id) => [id, createSshForward(id, { peer, inbox, directory })]),
      ),
      onEvent: (event) => {
        watch.take(event)
        // A client that is gone aborts the build; what it misses does not matter then.
        peer.send({ type: 'event', event: toEventBody(event) }).catch(() => undefined)
      },
    },
    signal,
  )
  const outcome = await building.catch((error: unknown) => watch.explain(error))
  await peer.send({ type: 'built', outcome: toBuiltBody(outcome) })
}

function findDockerfile(spec: BuildSpecBody, opened: SessionContexts): ContextDockerfile {
  if (spec.dockerfile) return spec.dockerfile
  if (opened.dockerfileText !== undefined) {
    return { name: 'Dockerfile', text: opened.dockerfileText }
  }
  const main = opened.sources.get('context')
  if (main?.kind !== 'directory') {
    throw new EngineError('invalid_argument', 'build: the main context is no directory')
  }
  return readDockerfile(main.path, spec.dockerfileName)
}

function inspectRequest(
  spec: BuildSpecBody,
  dockerfile: ContextDockerfile,
  opened: SessionContexts,
): InspectRequest {
  return {
    dockerfile,
    call: spec.call === 'build' ? 'check' : spec.call,
    ...(spec.target === undefined ? {} : { target: spec.target }),
    buildArgs: new Map(Object.entries(spec.buildArgs ?? {})),
    ignore: ignorePatterns(opened),
  }
}

function ignorePatterns({ sources }: SessionContexts): readonly string[] {
  const main = sources.get('context')
  return main?.kind === 'directory' ? main.ignore : []
}

interface ClientOutput {
  readonly type: 'docker' | 'oci' | 'tar' | 'local'
  readonly index: number
}

/** The archive goes to the client, which says when it has written it. */
function clientOutput({ peer, inbox }: Session, { type, index }: ClientOutput): BuildOutput {
  return {
    type,
    async write(archive) {
      const channel = peer.open()
      const written = inbox.written(channel.number)
      await peer.send({ type: 'output', index, channel: channel.number })
      for await (const chunk of archive) await channel.write(chunk)
      await channel.end()
      await written
    },
  }
}

function toFailed(error: unknown) {
  const found = findEngineError(error)
  const message = found?.message ?? (error instanceof Error ? error.message : String(error))
  const hint = found?.hint === undefined ? {} : { hint: found.hint }
  return { type: 'failed', message, kind: errorKind(error), ...hint } as const
}
