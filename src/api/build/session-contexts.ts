/** The contexts of a session: transferred, fetched, or left to the builder to resolve. */
import { EngineError } from '#base/errors.ts'
import { readIgnorePatterns } from '#build/transfer/dockerfile.ts'
import type { BuildContexts, HeldContext } from '#build/transfer/types.ts'
import type { ContextSource } from '#build/types.ts'
import type { EnginePeer, SessionInbox } from '#api/build/inbox.ts'
import type { BuildSpecBody } from '#wire/build.ts'

type ContextBody = BuildSpecBody['contexts'][string]

export interface SessionParts {
  readonly spec: BuildSpecBody
  readonly peer: EnginePeer
  readonly inbox: SessionInbox
  readonly contexts: BuildContexts
}

export interface SessionContexts extends AsyncDisposable {
  readonly sources: ReadonlyMap<string, ContextSource>
  /** The URL of the main context was that of a Dockerfile. */
  readonly dockerfileText?: string
}

interface OpenedContext {
  readonly source: ContextSource
  readonly held?: HeldContext
  readonly dockerfileText?: string
}

/** All at once. @throws the first failure; nothing is held then */
export async function openSessionContexts(
  parts: SessionParts,
  signal: AbortSignal,
): Promise<SessionContexts> {
  await using undo = new AsyncDisposableStack()
  const outcomes = await Promise.allSettled(
    Object.entries(parts.spec.contexts).map(async ([name, body]) => {
      const opened = await openContext(parts, { name, body }, signal)
      if (opened.held) undo.use(opened.held)
      return [name, opened] as const
    }),
  )
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed) throw failed.reason
  const opened = outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' ? [outcome.value] : [],
  )
  const text = opened.find(([name]) => name === 'context')?.[1].dockerfileText
  const held = undo.move()
  return {
    sources: new Map(opened.map(([name, { source }]) => [name, source])),
    ...(text === undefined ? {} : { dockerfileText: text }),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

interface NamedContext {
  readonly name: string
  readonly body: ContextBody
}

async function openContext(
  parts: SessionParts,
  { name, body }: NamedContext,
  signal: AbortSignal,
): Promise<OpenedContext> {
  const { contexts, peer, inbox, spec } = parts
  const { kind, url = '', ignore = [] } = body
  switch (kind) {
    case 'local':
    case 'oci-layout': {
      const held = await syncContext(parts, { name, body }, signal)
      return { held, source: localSource(held, { kind, tag: url, ignore }) }
    }
    case 'empty': {
      const held = await contexts.empty()
      return { held, source: { kind: 'directory', path: held.path, ignore } }
    }
    case 'archive': {
      const channel = peer.channel(await inbox.archive(name))
      const held = await contexts.receive(channel.input, signal)
      return { held, source: directorySource(held, spec) }
    }
    case 'image':
      return { source: { kind, reference: url } }
    case 'git':
    case 'http': {
      if (name !== 'context') return { source: { kind, url } }
      const fetched = await contexts.fetch(url, signal)
      const source = directorySource(fetched.context, spec)
      return fetched.kind === 'dockerfile'
        ? { held: fetched.context, source, dockerfileText: fetched.text }
        : { held: fetched.context, source }
    }
  }
}

function directorySource(
  { path }: HeldContext,
  { dockerfileName = 'Dockerfile' }: BuildSpecBody,
): ContextSource {
  return { kind: 'directory', path, ignore: readIgnorePatterns(path, dockerfileName) }
}

interface LocalSource {
  readonly kind: 'local' | 'oci-layout'
  readonly tag: string
  readonly ignore: readonly string[]
}

function localSource({ path }: HeldContext, { kind, tag, ignore }: LocalSource): ContextSource {
  if (kind === 'local') return { kind: 'directory', path, ignore }
  return { kind, path, ...(tag === '' ? {} : { tag }) }
}

/** The list, then what the kept directory lacks of it. */
async function syncContext(
  { contexts, peer, inbox }: SessionParts,
  { name, body }: NamedContext,
  signal: AbortSignal,
): Promise<HeldContext> {
  if (body.key === undefined) {
    throw new EngineError('invalid_argument', `build context "${name}": it has no key`)
  }
  await using undo = new AsyncDisposableStack()
  const sync = undo.use(await contexts.sync(body.key, await inbox.entries(name)))
  await peer.send({
    type: 'needed',
    context: name,
    positions: sync.needed,
  })
  const archive =
    sync.needed.length === 0 ? nothing() : peer.channel(await inbox.archive(name)).input
  await sync.apply(archive, signal)
  await peer.send({ type: 'received', context: name })
  undo.move()
  return sync
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // Nothing is needed.
}
