/** Hijacks without `node:http`: one request by hand on a connection of its own. */
import { abortReason } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'
import { errorOfConnection, errorOfReply } from '#client/errors.ts'
import type { Hijack } from '#client/hijack.ts'
import type { Outgoing } from '#client/requests.ts'
import { connectUnix, type UnixConnection } from '#client/unix-connection.ts'

/** @throws EngineError of the engine's refusal, or of the connection */
export async function hijackUnix(
  outgoing: Outgoing,
  socketPath: string,
  connect = connectUnix,
): Promise<Hijack> {
  const { signal } = outgoing.call
  const connection = await connect(socketPath).catch((error: unknown) => {
    throw errorOfConnection(error, outgoing.endpoint)
  })
  const leave = () => connection.close()
  signal?.addEventListener('abort', leave, { once: true })
  try {
    await connection.write(encodeRequest(outgoing))
    const head = await readHead(connection)
    if (head.status !== 101) throw await refusalOf(connection, head)
    return hijackOver(connection, head)
  } catch (error) {
    connection.close()
    throw signal?.aborted ? abortReason(signal) : error
  }
}

function encodeRequest({ call, headers, target, text }: Outgoing): Uint8Array {
  const fields = { Host: 'gantry', ...headers, Connection: 'Upgrade', Upgrade: 'tcp' }
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${call.method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n${text ?? ''}`)
}

interface ResponseHead {
  readonly status: number
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>
  /** What came behind the head. */
  readonly rest: Uint8Array
}

const maxHeadBytes = 64 * 1024

/** RFC 9112, sections 4 and 5. */
async function readHead(connection: UnixConnection): Promise<ResponseHead> {
  let bytes = Buffer.alloc(0)
  let end = -1
  while (end < 0) {
    const chunk = await connection.read()
    if (chunk === undefined || bytes.length > maxHeadBytes) {
      throw new EngineError('unavailable', 'error during connect: the engine gave no answer')
    }
    bytes = Buffer.concat([bytes, chunk])
    end = bytes.indexOf('\r\n\r\n')
  }
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n')
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  const status = Number(statusLine.split(' ')[1])
  return { status, headers: new Map(headers), rest: bytes.subarray(end + 4) }
}

async function refusalOf(connection: UnixConnection, head: ResponseHead): Promise<EngineError> {
  const { status, headers } = head
  if (status < 300) return errorOfReply(status, 'the connection was not upgraded')
  const length = headers.get('content-length')
  const isWhole = (body: Buffer) =>
    length === undefined ? body.includes('0\r\n\r\n') : body.length >= Number(length)
  let body = Buffer.from(head.rest)
  while (!isWhole(body)) {
    const chunk = await connection.read()
    if (chunk === undefined) break
    body = Buffer.concat([body, chunk])
  }
  const text = body.toString()
  return errorOfReply(status, length === undefined ? joinChunks(text) : text)
}

/** A body without a length comes in chunks (RFC 9112, section 7.1). The engine's JSON holds no CR LF of its own. */
function joinChunks(text: string): string {
  return text
    .split('\r\n')
    .filter((_, index) => index % 2 === 1)
    .join('')
}

function hijackOver(connection: UnixConnection, { headers, rest }: ResponseHead): Hijack {
  async function* output(): AsyncGenerator<Uint8Array> {
    if (rest.length > 0) yield rest
    for (;;) {
      const bytes = await connection.read()
      if (bytes === undefined) return
      yield bytes
    }
  }
  return {
    isMultiplexed: headers.get('content-type') === 'application/vnd.docker.multiplexed-stream',
    output: output(),
    write: (chunk) => connection.write(chunk),
    closeStdin: () => connection.closeWriting(),
    [Symbol.dispose]: () => connection.close(),
  }
}
