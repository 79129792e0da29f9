/** ADD of a URL: a file of mode 0600 whose time is the server's (RFC 9110 Last-Modified). */
import { utimesSync } from 'node:fs'
import { basename, join } from 'node:path'
import { EngineError, errorMessage } from '#base/errors.ts'
import type { HttpOp } from '#build/graph/types.ts'
import type { BuildMachine, BuildSession } from '#build/ops/machine.ts'
import type { SnapshotResult } from '#build/ops/result.ts'
import type { RunContext } from '#build/solver/types.ts'
import { saveBody } from '#build/sources/download.ts'
import { commitFiles } from '#build/sources/inline-file.ts'

const maxRedirects = 10

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
    await saveBody(response, { op, path }, context)
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

/** The server's name for it, the URL's last element, or `download`; never a path. */
function fileName(url: string, response: Response): string {
  const offered = /filename="?([^";]+)"?/.exec(
    response.headers.get('content-disposition') ?? '',
  )?.[1]
  const own = decodeURIComponent(new URL(url).pathname)
  const name = basename(offered ?? own)
  return name === '' || name === '.' || name === '..' ? 'download' : name
}
