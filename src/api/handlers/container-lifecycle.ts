import { EngineError } from '#base/errors.ts'
import type { StopOptions } from '#container/types.ts'
import { type Answer, empty } from '#api/answer.ts'
import { type Call, isSince, pathParam, queryBool, queryInteger, queryText } from '#api/call.ts'

/** A body that says more than `{}` was HostConfig in old clients, which no longer works. */
const maxStartBodyBytes = 7

export async function startContainer(call: Call): Promise<Answer> {
  const length = Number(call.request.headers['content-length'] ?? 0)
  if (length > maxStartBodyBytes) {
    throw new EngineError(
      'invalid_argument',
      'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
    )
  }
  await call.engine.containers.start(pathParam(call, 'id'))
  return empty(204)
}

export async function stopContainer(call: Call): Promise<Answer> {
  await call.engine.containers.stop(pathParam(call, 'id'), stopOptions(call))
  return empty(204)
}

export async function restartContainer(call: Call): Promise<Answer> {
  await call.engine.containers.restart(pathParam(call, 'id'), stopOptions(call))
  return empty(204)
}

export async function killContainer(call: Call): Promise<Answer> {
  await call.engine.containers.kill(pathParam(call, 'id'), queryText(call, 'signal'))
  return empty(204)
}

export async function pauseContainer(call: Call): Promise<Answer> {
  await call.engine.containers.pause(pathParam(call, 'id'))
  return empty(204)
}

export async function unpauseContainer(call: Call): Promise<Answer> {
  await call.engine.containers.unpause(pathParam(call, 'id'))
  return empty(204)
}

export async function renameContainer(call: Call): Promise<Answer> {
  await call.engine.containers.rename(pathParam(call, 'id'), queryText(call, 'name') ?? '')
  return empty(204)
}

export async function resizeContainer(call: Call): Promise<Answer> {
  await call.engine.containers.resize(pathParam(call, 'id'), terminalSize(call))
  return empty(200)
}

export async function removeContainer(call: Call): Promise<Answer> {
  if (queryBool(call, 'link')) {
    throw new EngineError('not_implemented', 'remove link: links are not supported by this engine')
  }
  await call.engine.containers.remove(pathParam(call, 'id'), {
    force: queryBool(call, 'force'),
    volumes: queryBool(call, 'v'),
  })
  return empty(204)
}

/** `?h=` rows and `?w=` columns. @throws EngineError invalid_argument */
export function terminalSize(call: Call): { readonly rows: number; readonly columns: number } {
  const rows = queryInteger(call, 'h')
  const columns = queryInteger(call, 'w')
  if (rows === undefined || columns === undefined || rows < 0 || columns < 0) {
    throw new EngineError('invalid_argument', 'resize: query parameters h and w must be numbers')
  }
  return { rows, columns }
}

function stopOptions(call: Call): StopOptions {
  const timeoutS = queryInteger(call, 't')
  const signal = isSince(call, '1.42') ? queryText(call, 'signal') : undefined
  return {
    ...(timeoutS === undefined ? {} : { timeoutS }),
    ...(signal === undefined ? {} : { signal }),
  }
}
