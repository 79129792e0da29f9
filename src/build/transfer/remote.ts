import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, errorMessage } from '#base/errors.ts'
import { isGitUrl, isHttpUrl, parseGitUrl } from '#build/graph/urls.ts'
import { cloneTree } from '#build/sources/git.ts'
import { unpackContext } from '#build/transfer/archive.ts'
import type { FetchedContext, HeldContext } from '#build/transfer/types.ts'

export interface RemotePlace {
  /** A new empty directory. */
  hold(): Promise<HeldContext>
  /** Where a clone may be put for a while. */
  readonly scratch: string
}

/** `remote=`: a git repository, or a tar or a Dockerfile over http. */
export async function fetchContext(
  url: string,
  place: RemotePlace,
  signal: AbortSignal,
): Promise<FetchedContext> {
  await using undo = new AsyncDisposableStack()
  const context = undo.use(await place.hold())
  const fetched = await fetchInto(context, { url, scratch: place.scratch }, signal)
  undo.move()
  return fetched
}

async function fetchInto(
  context: HeldContext,
  { url, scratch }: { readonly url: string; readonly scratch: string },
  signal: AbortSignal,
): Promise<FetchedContext> {
  if (isGitUrl(url) || url.startsWith('github.com/')) {
    const full = url.startsWith('github.com/') ? `https://${url}` : url
    await cloneInto(context, { url: full, scratch }, signal)
    return { kind: 'directory', context }
  }
  if (!isHttpUrl(url)) {
    const message = `remote context "${url}": neither a git repository nor an http URL`
    throw new EngineError('invalid_argument', message)
  }
  const body = await get(url, signal)
  const chunks = body[Symbol.asyncIterator]()
  const first = await chunks.next()
  const start = first.done ? new Uint8Array(0) : first.value
  const whole = joined(start, chunks)
  if (isText(start)) {
    return { kind: 'dockerfile', text: await textOf(whole, url), context }
  }
  await unpackContext(whole, { directory: context.path }, signal)
  return { kind: 'directory', context }
}

async function cloneInto(
  { path }: HeldContext,
  { url, scratch }: { readonly url: string; readonly scratch: string },
  signal: AbortSignal,
): Promise<void> {
  const clone = await mkdtemp(join(scratch, 'git-'))
  try {
    const op = { kind: 'git', ...parseGitUrl(url), keepsGitDirectory: false } as const
    const source = { op, session: { secrets: new Map<string, Uint8Array>() } }
    await cloneTree(source, { directory: path, clone }, signal)
  } finally {
    await rm(clone, { recursive: true, force: true })
  }
}

async function get(url: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  let response: Response
  try {
    response = await fetch(url, { signal })
  } catch (error) {
    signal.throwIfAborted()
    const cause = error instanceof Error ? error.cause : undefined
    const detail = errorMessage(cause ?? error)
    throw new EngineError('unavailable', `download "${url}": ${detail}`, { cause: error })
  }
  if (!response.ok || !response.body) {
    await response.body?.cancel()
    const status = `${response.status} ${response.statusText}`
    throw new EngineError('invalid_argument', `failed to GET ${url} with status ${status}`)
  }
  return response.body
}

async function* joined(
  start: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield start
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

/** A Dockerfile has no NUL and no invalid UTF-8 at its start; every archive form has one of them. */
function isText(start: Uint8Array): boolean {
  const head = start.subarray(0, 512)
  if (head.includes(0)) return false
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    decoder.decode(head, { stream: true })
    return true
  } catch {
    return false
  }
}

const maxDockerfileBytes = 2 * 1024 * 1024

async function textOf(body: AsyncIterable<Uint8Array>, url: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > maxDockerfileBytes) {
      const message = `"${url}" is no archive, and too long for a Dockerfile`
      throw new EngineError('invalid_argument', message)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
