/** Uploads by plain HTTP requests, so that a test's registry is filled without the code under test. */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Blob } from '#test/support/images.ts'

export interface PushTarget {
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** PEM of the certificate to trust. */
  readonly ca: string | undefined
  readonly authorization: string | undefined
}

interface Reply {
  readonly status: number
  readonly location: string | undefined
  readonly text: string
}

export async function pushBlob(target: PushTarget, repository: string, blob: Blob): Promise<void> {
  const upload = await send(target, { method: 'POST', path: `/v2/${repository}/blobs/uploads/` })
  expectStatus(upload, 202, `start an upload to ${repository}`)
  const location = new URL(upload.location ?? '', target.url)
  location.searchParams.set('digest', blob.digest)
  const path = location.pathname + location.search
  const type = 'application/octet-stream'
  const done = await send(target, { method: 'PUT', path, body: blob.bytes, type })
  expectStatus(done, 201, `upload ${blob.digest}`)
}

/** Puts a manifest or index at `repository:tag`. */
export async function pushManifest(
  target: PushTarget,
  name: string,
  manifest: Blob,
): Promise<void> {
  const [repository, tag] = name.split(':')
  const path = `/v2/${repository}/manifests/${tag}`
  const request = { method: 'PUT', path, body: manifest.bytes, type: manifest.mediaType }
  expectStatus(await send(target, request), 201, `put manifest ${name}`)
}

interface PushRequest {
  readonly method: string
  readonly path: string
  readonly body?: Uint8Array
  readonly type?: string
}

function send(target: PushTarget, { method, path, body, type }: PushRequest): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>()
  const request = target.url.startsWith('https:') ? httpsRequest : httpRequest
  const outgoing = request(
    new URL(path, target.url),
    {
      method,
      agent: false,
      ...(target.ca === undefined ? {} : { ca: target.ca }),
      headers: {
        'Content-Length': body?.byteLength ?? 0,
        ...(type === undefined ? {} : { 'Content-Type': type }),
        ...(target.authorization === undefined ? {} : { Authorization: target.authorization }),
      },
    },
    (incoming) => {
      const { statusCode = 0, headers } = incoming
      Array.fromAsync<Buffer>(incoming).then((chunks) => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: statusCode, location: headers.location, text })
      }, reject)
    },
  )
  outgoing.on('error', reject)
  outgoing.end(body)
  return promise
}

function expectStatus(reply: Reply, status: number, what: string): void {
  if (reply.status !== status) throw new Error(`${what}: status ${reply.status}: ${reply.text}`)
}
