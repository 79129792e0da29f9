import { errorOfConnection, errorOfReply } from '#client/errors.ts'
import { abortReason } from '#base/async.ts'
import type { Outgoing, Reply } from '#client/requests.ts'

/**
 * Sends over the fetch of the compiled command line's runtime, which reaches unix
 * sockets and is there from the start: loading `node:http` costs five milliseconds more.
 */
export async function sendByFetch(outgoing: Outgoing, socketPath: string): Promise<Reply> {
  const { call, endpoint, headers, target, text } = outgoing
  // `unix` and `timeout` are that runtime's own; without `timeout: false` a long wait would be cut.
  const init = {
    method: call.method,
    headers,
    unix: socketPath,
    timeout: false,
    ...(text === undefined ? {} : { body: text }),
    ...(call.signal ? { signal: call.signal } : {}),
  }
  let response: Response
  try {
    response = await fetch(`http://gantry${target}`, init)
  } catch (error) {
    if (call.signal?.aborted) throw abortReason(call.signal)
    throw errorOfConnection(error, endpoint)
  }
  if (response.status >= 300) throw errorOfReply(response.status, await response.text())
  return {
    status: response.status,
    header: (name) => response.headers.get(name) ?? undefined,
    body: response.body ?? emptyBody(),
    text: () => response.text(),
  }
}

async function* emptyBody(): AsyncGenerator<Uint8Array> {}

/** True in a runtime whose fetch takes `unix`. */
export function hasUnixFetch(): boolean {
  return 'bun' in process.versions
}
