/** ADD of a URL: a file of mode 0600 whose time is the server's (RFC 9110 Last-Modified). */
import { utimesSync } from 'node:fs'
import { basename, join } from 'node:path'
import { EngineError } from '#base/errors.ts'
import type { HttpOp } from '#build/graph/types.ts'
import type { BuildMachine, BuildSession } from '#build/ops/machine.ts'
import type { SnapshotResult } from '#build/ops/result.ts'
import type { RunContext } from '#build/solver/types.ts'
import { saveBody } from '#build/sources/download.ts'
import { type HttpAnswer, httpGet } from '#build/sources/http-get.ts'
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
    const path = join(directory, fileName(op.url))
    await saveBody(response, { op, path }, context)
    const modified = Date.parse(response.header('last-modified') ?? '')
    if (!Number.isNaN(modified)) utimesSync(path, modified / 1000, modified / 1000)
  }
  return await commitFiles(machine, { fill, lease }, context.signal)
}

/** Redirects are followed by hand: their number is bounded, and they stay http. */
async function request(
  url: string,
  session: BuildSession,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  let at = new URL(url)
  for (let hop = 0; hop <= maxRedirects; hop++) {
    const headers = authorization(at, session)
    const response = await httpGet({ url: at, headers }, signal)
    const location = response.header('location')
    if (response.status < 300 || response.status >= 400 || location === undefined) {
      return checked(response, url)
    }
    response.discard()
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

function checked(response: HttpAnswer, url: string): HttpAnswer {
  if (response.status >= 200 && response.status < 300) return response
  response.discard()
  throw new EngineError('unavailable', `invalid response status ${response.status} for ${url}`)
}

/** The last element of the URL's path, or `download`; never a path. */
function fileName(url: string): string {
  const name = basename(decodeURIComponent(new URL(url).pathname))
  return name === '' || name === '.' || name === '..' ? 'download' : name
}
