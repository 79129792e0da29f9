/** Where `docker import` reads from: the request's body, or a URL that the engine fetches. */
import { EngineError } from '#base/errors.ts'
import { status } from '#image/progress.ts'
import type { ImportRootfs, OnProgress } from '#image/types.ts'
import { networkError } from '#registry/network-error.ts'

/** `-` is the body; what has no scheme is http, as Docker reads it. @throws EngineError invalid_argument */
export function parseImportSource(text: string, body: AsyncIterable<Uint8Array>): ImportRootfs {
  if (text === '-') return body
  const url = text.includes('://') ? text : `http://${text}`
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed && ['http:', 'https:'].includes(parsed.protocol)) return parsed
  throw new EngineError('invalid_argument', `import "${text}": not an http URL`)
}

/** How the image's history names it. */
export function describeSource(rootfs: ImportRootfs): string {
  return rootfs instanceof URL ? rootfs.href : '-'
}

/** @throws EngineError unavailable when the URL cannot be read, not_found when it leads nowhere */
export async function openRootfs(
  rootfs: ImportRootfs,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  if (!(rootfs instanceof URL)) return rootfs
  onProgress(status(`Downloading from ${rootfs.href}`))
  const response = await get(rootfs, signal)
  if (response.ok && response.body) return readBody(rootfs, response.body, signal)
  await response.body?.cancel()
  throw new EngineError(
    response.status < 500 ? 'not_found' : 'unavailable',
    `failed to GET ${rootfs.href} with status ${response.status} ${response.statusText}`,
  )
}

async function get(url: URL, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw networkError('GET', url, error instanceof Error ? (error.cause ?? error) : error)
  }
}

async function* readBody(
  url: URL,
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    signal.throwIfAborted()
    throw networkError('GET', url, error)
  }
}
