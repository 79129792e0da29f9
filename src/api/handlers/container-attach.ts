import type { ContainerRecord } from '#container/types.ts'
import type { Answer } from '#api/answer.ts'
import { type Call, isSince, pathParam, queryBool, queryText } from '#api/call.ts'
import { defaultDetachKeys, parseDetachKeys } from '#wire/detach-keys.ts'
import { contentTypes } from '#api/headers.ts'
import { runStdioSession } from '#api/stdio-session.ts'

/** `POST /containers/{id}/attach`: complete, so that nothing is lost, before the client hears of it. */
export async function attachContainer(call: Call): Promise<Answer> {
  const record = call.engine.containers.get(pathParam(call, 'id'))
  const detachKeys = queryDetachKeys(call)
  const stdin = queryBool(call, 'stdin')
  const stdio = await call.engine.containers.attach(record.id, {
    stdin,
    stdout: queryBool(call, 'stdout'),
    stderr: queryBool(call, 'stderr'),
    logs: queryBool(call, 'logs'),
    stream: queryBool(call, 'stream'),
  })
  const { isTty } = record.spec
  return {
    type: 'hijack',
    contentType: stdioContentType(call, isTty),
    async run(connection) {
      const outcome = await runStdioSession(stdio, connection, {
        stdin,
        isTty,
        detachKeys,
        log: call.log,
      })
      if (outcome === 'detached') publishDetach(call, record)
    },
  }
}

/** The typed keys that leave a terminal. @throws EngineError invalid_argument */
export function queryDetachKeys(call: Call): Uint8Array {
  const text = queryText(call, 'detachKeys')
  return text === undefined ? defaultDetachKeys : parseDetachKeys(text)
}

/** Clients that upgrade are told whether the stream is multiplexed, since 1.42. */
export function stdioContentType(call: Call, isTty: boolean): string {
  const isTold = !isTty && call.isUpgrade && isSince(call, '1.42')
  return isTold ? contentTypes.multiplexedStream : contentTypes.rawStream
}

function publishDetach(call: Call, record: ContainerRecord): void {
  call.engine.events.publish({
    type: 'container',
    action: 'detach',
    actorId: record.id,
    attributes: { ...record.spec.labels, image: record.imageName, name: record.name },
  })
}
