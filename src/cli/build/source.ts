/** What PATH | URL | - and `-f` stand for. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { EngineError, errnoOf, errorMessage } from '#base/errors.ts'
import { readAll, startOf } from '#cli/build/stdin.ts'
import { walkContext, type WalkedContext } from '#cli/build/walk.ts'
import { parseIgnoreFile } from '#oci/ignore.ts'
import type { BuildSpecBody } from '#wire/build.ts'

export type ContextBody = BuildSpecBody['contexts'][string]

export interface BuildSource {
  readonly context: ContextBody
  /** What the client sends for the main context. */
  readonly content:
    | { readonly kind: 'walked'; readonly walked: WalkedContext }
    | { readonly kind: 'stream'; readonly archive: AsyncIterable<Uint8Array> }
    | { readonly kind: 'none' }
  /** Of the ignore file; absent without one. */
  readonly ignoreBytes?: number
  /** Absent: it is in the context. */
  readonly dockerfile?: { readonly name: string; readonly text: string }
}

/** @throws EngineError not_found, invalid_argument with Docker's texts */
export async function readSource(path: string, file: string): Promise<BuildSource> {
  if (path === '-') return readStdinSource(file)
  if (isGit(path)) return { context: { kind: 'git', url: path }, content: { kind: 'none' } }
  if (/^https?:\/\//.test(path)) {
    return { context: { kind: 'http', url: path }, content: { kind: 'none' } }
  }
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    const message = `unable to prepare context: path ${JSON.stringify(path)} not found`
    throw new EngineError('not_found', message)
  }
  return readDirectorySource(resolve(path), file)
}

/** `gantry build -`: an archive is the context, a text is the Dockerfile. */
async function readStdinSource(file: string): Promise<BuildSource> {
  if (file === '-') {
    throw new EngineError(
      'invalid_argument',
      "invalid argument: can't use stdin for both build context and dockerfile",
    )
  }
  const { start, whole } = await startOf(process.stdin)
  if (start.length === 0) {
    throw new EngineError('invalid_argument', 'failed to build: stdin is empty')
  }
  if (start.subarray(0, 512).includes(0) || isCompressed(start)) {
    return { context: { kind: 'archive' }, content: { kind: 'stream', archive: whole } }
  }
  const text = (await readAll(whole)).toString('utf8')
  return {
    context: { kind: 'empty' },
    content: { kind: 'none' },
    dockerfile: { name: 'Dockerfile', text },
  }
}

const magics = [
  [0x1f, 0x8b],
  [0x42, 0x5a, 0x68],
  [0xfd, 0x37, 0x7a],
  [0x28, 0xb5, 0x2f, 0xfd],
]

function isCompressed(start: Uint8Array): boolean {
  return magics.some((magic) => magic.every((byte, index) => start[index] === byte))
}

async function readDirectorySource(root: string, file: string): Promise<BuildSource> {
  const dockerfile =
    file === '-'
      ? { name: 'Dockerfile', text: (await readAll(process.stdin)).toString('utf8') }
      : readDockerfile(root, file)
  const ignoreFile = findIgnoreFile(root, file)
  const ignoreText = ignoreFile === undefined ? undefined : readFileSync(ignoreFile, 'utf8')
  const ignore = ignoreText === undefined ? [] : parseIgnoreFile(ignoreText)
  return {
    ...(ignoreText === undefined ? {} : { ignoreBytes: Buffer.byteLength(ignoreText) }),
    context: { kind: 'local', key: contextKey(root, ignoreFile), ignore },
    content: { kind: 'walked', walked: walkContext(root, ignore) },
    dockerfile,
  }
}

/** The same on every build of a directory by this machine, so that the engine finds what it has of it. */
export function contextKey(root: string, ignoreFile = ''): string {
  const parts = [hostname(), root, ignoreFile]
  return createHash('sha256').update(parts.join('\0')).digest('hex')
}

function readDockerfile(
  root: string,
  file: string,
): { readonly name: string; readonly text: string } {
  const path = file === '' ? defaultDockerfile(root) : resolve(file)
  try {
    return { name: basename(path), text: readFileSync(path, 'utf8') }
  } catch (error) {
    const shown = file === '' ? basename(path) : file
    const reason = errnoOf(error) === 'ENOENT' ? 'no such file or directory' : errorMessage(error)
    throw new EngineError('not_found', `failed to read dockerfile: open ${shown}: ${reason}`, {
      cause: error,
    })
  }
}

function defaultDockerfile(root: string): string {
  const lower = join(root, 'dockerfile')
  const usual = join(root, 'Dockerfile')
  return !existsSync(usual) && existsSync(lower) ? lower : usual
}

/** `<Dockerfile>.dockerignore` comes before `.dockerignore`. */
function findIgnoreFile(root: string, file: string): string | undefined {
  const dockerfile = file === '' || file === '-' ? defaultDockerfile(root) : resolve(file)
  const own = join(dirname(dockerfile), `${basename(dockerfile)}.dockerignore`)
  return [own, join(root, '.dockerignore')].find((path) => existsSync(path))
}

/** As the engine tells git repositories from other URLs. */
export function isGit(text: string): boolean {
  return (
    /^(?:git|ssh):\/\//i.test(text) ||
    /^[\w.-]+@[\w.-]+:/.test(text) ||
    text.startsWith('github.com/') ||
    /^https?:\/\/[^#?]+\.git(?:[#?].*)?$/i.test(text)
  )
}
