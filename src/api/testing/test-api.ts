/** The API alone on a unix socket of its own, over an engine that the test gives. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createApiServer } from '#api/server.ts'
import type { Engine } from '#engine/types.ts'

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly text: string
}

export interface TestApi extends AsyncDisposable {
  readonly socketPath: string
  send(method: string, path: string, options?: SendOptions): Promise<Reply>
  /** Writes raw bytes, half-closes when `closes`, and gives what came until the server's end. */
  raw(parts: readonly string[], options?: { readonly closes?: boolean }): Promise<string>
  /** Ends what is in flight, as a stopping engine does. */
  close(): Promise<void>
}

export interface SendOptions {
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

export async function startApi(engine: Engine): Promise<TestApi> {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-api-'))
  const socketPath = join(directory, 'api.sock')
  const api = createApiServer(engine, {
    engineVersion: '0.0.0-test',
    minApiVersion: '1.24',
    isDebug: false,
  })
  const server = createServer(api.serverOptions)
  api.serve(server)
  server.listen(socketPath)
  await once(server, 'listening')
  return {
    socketPath,
    send: (method, path, options = {}) => send({ socketPath, method, path }, options),
    raw: (parts, options = {}) => sendRaw(socketPath, parts, options.closes ?? false),
    close: () => api.close(),
    async [Symbol.asyncDispose]() {
      await api.close()
      server.closeAllConnections()
      server.close()
      rmSync(directory, { recursive: true })
    },
  }
}

interface Target {
  readonly socketPath: string
  readonly method: string
  readonly path: string
}

async function send(target: Target, { body, headers }: SendOptions): Promise<Reply> {
  const outgoing = request({ ...target, headers: { ...headers }, agent: false })
  outgoing.end(body)
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  outgoing.once('error', reject)
  outgoing.once('response', (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.once('error', reject)
    response.once('end', () => {
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        text: Buffer.concat(chunks).toString(),
      })
    })
  })
  return promise
}

async function sendRaw(
  socketPath: string,
  parts: readonly string[],
  closes: boolean,
): Promise<string> {
  const socket = connect({ path: socketPath, allowHalfOpen: true })
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'connect')
  for (const part of parts) {
    await new Promise<void>((resolve) => socket.write(part, () => resolve()))
    // Lets the server see the parts apart.
    await new Promise(setImmediate)
  }
  if (closes) socket.end()
  await once(socket, 'end')
  socket.end()
  return Buffer.concat(chunks).toString('latin1')
}
