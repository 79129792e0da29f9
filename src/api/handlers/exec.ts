import { EngineError, errorMessage } from '#base/errors.ts'
import type { CreateExecRequest, ExecRecord } from '#container/types.ts'
import type { TaskStdio } from '#runtime/types.ts'
import { type Answer, empty, type HijackedConnection, json } from '#api/answer.ts'
import { readJsonBody, requireJsonBody } from '#api/body.ts'
import { type Call, isSince, pathParam } from '#api/call.ts'
import { defaultDetachKeys, parseDetachKeys } from '#wire/detach-keys.ts'
import { stdioContentType } from '#api/handlers/container-attach.ts'
import { terminalSize } from '#api/handlers/container-lifecycle.ts'
import { toWords } from '#api/mapping/create-request.ts'
import { toExecInspect } from '#api/mapping/exec.ts'
import { toConsoleSize } from '#api/mapping/host-spec.ts'
import { runStdioSession } from '#api/stdio-session.ts'
import { ExecCreateBody, ExecStartBody, type IdResponse } from '#wire/exec.ts'
import { encodeStdcopyFrame } from '#wire/stdcopy.ts'

export async function createExec(call: Call): Promise<Answer> {
  const body = await requireJsonBody(call.request, ExecCreateBody)
  const execId = await call.engine.containers.createExec(
    pathParam(call, 'id'),
    toExecRequest(body, isSince(call, '1.42')),
  )
  return json({ Id: execId } satisfies IdResponse, 201)
}

export async function startExec(call: Call): Promise<Answer> {
  const execId = pathParam(call, 'id')
  const body = (await readJsonBody(call.request, ExecStartBody)) ?? {}
  const options = {
    isDetached: body.Detach ?? false,
    isTty: body.Tty ?? false,
    ...(isSince(call, '1.42') ? toConsoleSize(body.ConsoleSize) : {}),
  }
  const { containers } = call.engine
  if (options.isDetached) {
    await containers.startExec(execId, options)
    return empty(200)
  }
  const outcome = outcomeOf(containers.startExec(execId, options))
  const { request, state } = containers.getExec(execId)
  if (state.status !== 'starting') {
    const refused = await outcome
    if ('failure' in refused) throw refused.failure
  }
  // The head leaves before the program runs: clients that read it with a buffer of their own
  // (docker-py) would lose output that came along with it.
  return {
    type: 'hijack',
    contentType: stdioContentType(call, request.isTty),
    run: async (connection) =>
      runExec(call, containers.getExec(execId), { started: await outcome, connection }),
  }
}

type Started = { readonly stdio: TaskStdio | undefined } | { readonly failure: unknown }

/**
 * A program that cannot start is told about inside the stream, as Docker does: the
 * client then reads exit code 126 or 127 from the exec. Only what is refused
 * before anything was tried is a plain error.
 */
function outcomeOf(started: Promise<TaskStdio | undefined>): Promise<Started> {
  return started.then(
    (stdio) => ({ stdio }),
    (failure: unknown) => ({ failure }),
  )
}

async function runExec(
  call: Call,
  { id, containerId, request }: ExecRecord,
  { started, connection }: { started: Started; connection: HijackedConnection },
): Promise<void> {
  if ('failure' in started) {
    const text = Buffer.from(`${errorMessage(started.failure)}\r\n`)
    return connection.write(request.isTty ? text : encodeStdcopyFrame('stdout', text))
  }
  if (!started.stdio) return
  const { detachKeys, isTty } = request
  const outcome = await runStdioSession(started.stdio, connection, {
    isTty,
    stdin: request.attachStdin,
    detachKeys: detachKeys ? parseDetachKeys(detachKeys) : defaultDetachKeys,
    log: call.log,
  })
  if (outcome === 'detached') {
    const { imageName, name, spec } = call.engine.containers.get(containerId)
    call.engine.events.publish({
      type: 'container',
      action: 'exec_detach',
      actorId: containerId,
      attributes: { ...spec.labels, image: imageName, name, execID: id },
    })
  }
}

export function inspectExec(call: Call): Answer {
  return json(toExecInspect(call.engine.containers.getExec(pathParam(call, 'id'))))
}

export async function resizeExec(call: Call): Promise<Answer> {
  await call.engine.containers.resizeExec(pathParam(call, 'id'), terminalSize(call))
  return empty(200)
}

function toExecRequest(body: ExecCreateBody, hasConsoleSize: boolean): CreateExecRequest {
  const args = toWords(body.Cmd)
  if (args.length === 0) throw new EngineError('invalid_argument', 'No exec command specified')
  if (body.DetachKeys) parseDetachKeys(body.DetachKeys)
  return {
    args,
    env: body.Env ?? [],
    user: body.User ?? '',
    workingDir: body.WorkingDir ?? '',
    isTty: body.Tty ?? false,
    attachStdin: body.AttachStdin ?? false,
    attachStdout: body.AttachStdout ?? false,
    attachStderr: body.AttachStderr ?? false,
    isPrivileged: body.Privileged ?? false,
    ...(body.DetachKeys ? { detachKeys: body.DetachKeys } : {}),
    ...(hasConsoleSize ? toConsoleSize(body.ConsoleSize) : {}),
  }
}
