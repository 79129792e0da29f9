/** ADD of a URL: a file of mode 0600 whose time is the server's (RFC 9110 Last-Modified). */
import { createHash } from 'node:crypto'
import { createWriteStream, utimesSync } from 'node:fs'
import { basename, join } from 'node:path'
import { once } from 'node:events'
import { EngineError, errorMessage } from '#base/errors.ts'
import type { HttpOp } from '#build/graph/types.ts'
import type { BuildMachine, BuildSession } from '#build/ops/machine.ts'
import type { SnapshotResult } from '#build/ops/result.ts'
import type { RunContext } from '#build/solver/types.ts'
import { commitFiles } from '#build/sources/inline-file.ts'
import { digestAlgorithm } from '#oci/digest.ts'

const maxRedirects = 10
const maxBytes = 64 * 2 ** 30

export interface HttpSource {
  readonly op: HttpOp
  readonly session: BuildSession
}

/** @throws EngineError unavailable, failed_precondition (checksum), resource_exhausted (too large) */
export async function fetchHttp(
  machine: BuildMachine,
  { op, session }: HttpSource,
  context: RunContext,
): Promise<SnapshotResult> {
  const { lease } = session
  const fill = async (directory: string) => {
    const response = await request(op.url, session, context.signal)
    const path = join(directory, fileName(op.url, response))
    await save(response, { op, path }, context)
    const modified = Date.parse(response.headers.get('last-modified') ?? '')
    if (!Number.isNaN(modified)) utimesSync(path, modified / 1000, modified / 1000)
  }
  return await commitFiles(machine, { fill, lease }, context.signal)
}

/** Redirects are followed by hand: their number is bounded, and they stay http. */
async function request(url: string, session: BuildSession, signal: AbortSignal): Promise<Response> {
  let at = new URL(url)
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const headers = authorization(at, session)
    const response = await get(at, headers, signal)
    const location = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || location === null) {
      return await checked(response, url)
    }
    await response.body?.cancel()
    at = new URL(location, at)
    if (at.protocol !== 'http:' && at.protocol !== 'https:') {
      throw new EngineError('invalid_argument', `download "${url}": redirected to "${at.protocol}"`)
    }
  }
  throw new EngineError('unavailable', `download "${url}": more than ${maxRedirects} redirects`)
}

/** Credentials come as secrets named for the host, and go to no other. */
function authorization({ host }: URL, { secrets }: BuildSession): Record<string, string> {
  const text = (name: string) => {
    const secret = secrets.get(name)
    return secret && Buffer.from(secret).toString().trim()
  }
  const header = text(`HTTP_AUTH_HEADER_${host}`)
  if (header !== undefined) return { authorization: header }
  const token = text(`HTTP_AUTH_TOKEN_${host}`)
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}

async function get(
  url: URL,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> {
  try {
    return await fetch(url, { signal, redirect: 'manual', headers })
  } catch (error) {
    signal.throwIfAborted()
    const detail = errorMessage(error instanceof Error ? (error.cause ?? error) : error)
    throw new EngineError('unavailable', `download "${url.href}": ${detail}`, { cause: error })
  }
}

async function checked(response: Response, url: string): Promise<Response> {
  if (response.ok) return response
  await response.body?.cancel()
  throw new EngineError('unavailable', `invalid response status ${response.status} for ${url}`)
}

async function save(
  response: Response,
  { op, path }: { readonly op: HttpOp; readonly path: string },
  { signal, onStatus }: RunContext,
): Promise<void> {
  const hash = createHash(op.checksum ? digestAlgorithm(op.checksum) : 'sha256')
  const total = Number(response.headers.get('content-length') ?? Number.NaN)
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 })
  let currentBytes = 0
  try {
    for await (const chunk of bodyOf(response, signal)) {
      currentBytes += chunk.length
      if (currentBytes > maxBytes) {
        throw new EngineError('resource_exhausted', `download "${op.url}": larger than ${maxBytes}`)
      }
      hash.update(chunk)
      if (!file.write(chunk)) await once(file, 'drain', { signal })
      const totalBytes = Number.isNaN(total) ? {} : { totalBytes: total }
      onStatus({ id: op.url, text: 'downloading', currentBytes, ...totalBytes })
    }
  } finally {
    file.end()
    await once(file, 'close')
  }
  checkDigest(op, hash.digest('hex'))
}

async function* bodyOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { body } = response
  if (!body) return
  try {
    for await (const chunk of body) yield chunk
  } catch (error) {
    signal.throwIfAborted()
    const detail = errorMessage(error)
    throw new EngineError('unavailable', `download: connection lost: ${detail}`, { cause: error })
  }
}

function checkDigest({ checksum, url }: HttpOp, hex: string): void {
  if (!checksum) return
  const actual = `${digestAlgorithm(checksum)}:${hex}`
  if (actual === checksum) return
  throw new EngineError(
    'failed_precondition',
    `digest mismatch for ${url}: ${actual} (expected: ${checksum})`,
  )
}

/** The server's name for it, the URL's last element, or `download`; never a path. */
function fileName(url: string, response: Response): string {
  const offered = /filename="?([^";]+)"?/.exec(
    response.headers.get('content-disposition') ?? '',
  )?.[1]
  const own = decodeURIComponent(new URL(url).pathname)
  const name = basename(offered ?? own)
  return name === '' || name === '.' || name === '..' ? 'download' : name
}
