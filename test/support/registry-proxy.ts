/** A proxy in front of a real registry that misbehaves where a test says so. */
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'

export type Fault =
  | { readonly type: 'pass' }
  /** Answers itself. */
  | {
      readonly type: 'answer'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string
      readonly bytes?: Uint8Array
    }
  /** Never answers. */
  | { readonly type: 'hang' }
  /** Sends this many bytes of the body, then cuts the connection (or stops sending). */
  | { readonly type: 'truncate'; readonly afterBytes: number; readonly stalls?: boolean }
  /** Changes the first byte of the body. */
  | { readonly type: 'corrupt' }
  /** Waits for the promise first. */
  | { readonly type: 'wait'; readonly until: Promise<void> }

export interface ProxiedRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
}

export interface RegistryProxy extends AsyncDisposable {
  readonly address: string
  readonly requests: readonly ProxiedRequest[]
  /** Requests of layers and configs. */
  blobRequests(): readonly ProxiedRequest[]
}

export const pass: Fault = { type: 'pass' }

/** @param decide says what happens to each request; count them there when only the first counts */
export async function startRegistryProxy(
  upstream: string,
  decide: (request: ProxiedRequest) => Fault,
): Promise<RegistryProxy> {
  const requests: ProxiedRequest[] = []
  const server = createServer((incoming, response) => {
    const request = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: Object.fromEntries(
        Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
      ),
    }
    requests.push(request)
    const fault = decide(request)
    if (fault.type === 'hang') return
    if (fault.type === 'answer') {
      response.writeHead(fault.status, fault.headers).end(fault.bytes ?? fault.body)
      return
    }
    const go = () => forward({ incoming, response, upstream, fault })
    if (fault.type === 'wait') void fault.until.then(go)
    else go()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  const port = typeof bound === 'object' && bound ? bound.port : 0
  return {
    address: `127.0.0.1:${port}`,
    requests,
    blobRequests: () =>
      requests.filter(({ method, path }) => method === 'GET' && path.includes('/blobs/')),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

interface Forward {
  readonly incoming: IncomingMessage
  readonly response: ServerResponse
  readonly upstream: string
  readonly fault: Fault
}

function forward({ incoming, response, upstream, fault }: Forward): void {
  const [host = '', port = ''] = upstream.split(':')
  const { method, url: path, headers } = incoming
  const outgoing = httpRequest({ host, port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    if (fault.type === 'truncate') truncate(answer, response, fault)
    else if (fault.type === 'corrupt') corrupt(answer, response)
    else answer.pipe(response)
  })
  outgoing.on('error', () => response.destroy())
  response.on('close', () => outgoing.destroy())
  incoming.pipe(outgoing)
}

function truncate(
  answer: IncomingMessage,
  response: ServerResponse,
  fault: Extract<Fault, { type: 'truncate' }>,
): void {
  let left = fault.afterBytes
  if (left === 0 && fault.stalls !== true) {
    response.flushHeaders()
    answer.once('data', () => response.destroy())
  }
  answer.on('data', (chunk: Buffer) => {
    if (left <= 0) return
    const piece = chunk.subarray(0, left)
    left -= piece.length
    response.write(piece, () => {
      if (left <= 0 && fault.stalls !== true) response.destroy()
    })
  })
}

function corrupt(answer: IncomingMessage, response: ServerResponse): void {
  let isFirst = true
  answer.on('data', (chunk: Buffer) => {
    if (isFirst) chunk[0] = (chunk[0] ?? 0) ^ 0xff
    isFirst = false
    response.write(chunk)
  })
  answer.on('end', () => response.end())
}
