/** `--build-context name=…`. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { EngineError } from '#base/errors.ts'
import { contextKey, isGit, type ContextBody } from '#cli/build/source.ts'
import { walkContext, type WalkedContext } from '#cli/build/walk.ts'
import { parseIgnoreFile } from '#oci/ignore.ts'

export interface NamedContext {
  readonly name: string
  readonly body: ContextBody
  readonly walked?: WalkedContext
}

/** @throws EngineError invalid_argument, not_found */
export function readNamedContext(flag: string): NamedContext {
  const equals = flag.indexOf('=')
  const name = flag.slice(0, Math.max(0, equals)).toLowerCase()
  const value = flag.slice(equals + 1)
  if (name === '' || value === '') {
    const message = `invalid context value: ${flag}, expected key=value`
    throw new EngineError('invalid_argument', message)
  }
  if (value.startsWith('docker-image://')) {
    return { name, body: { kind: 'image', url: value.slice('docker-image://'.length) } }
  }
  if (value.startsWith('oci-layout://')) {
    return readLayout(name, value.slice('oci-layout://'.length))
  }
  if (isGit(value)) return { name, body: { kind: 'git', url: value } }
  if (/^https?:\/\//.test(value)) return { name, body: { kind: 'http', url: value } }
  return readDirectory(name, resolve(value))
}

function readDirectory(name: string, root: string): NamedContext {
  checkDirectory(name, root)
  const ignoreFile = `${root}/.dockerignore`
  const ignore = existsSync(ignoreFile) ? parseIgnoreFile(readFileSync(ignoreFile, 'utf8')) : []
  return {
    name,
    body: { kind: 'local', key: contextKey(root), ignore },
    walked: walkContext(root, ignore),
  }
}

/** `path[:tag]`; the tag is told as the context's URL. */
function readLayout(name: string, text: string): NamedContext {
  const [, path = text, tag = ''] = /^(.*?)(?::([\w][\w.-]*))?$/.exec(text) ?? []
  const root = resolve(path)
  checkDirectory(name, root)
  return {
    name,
    body: { kind: 'oci-layout', key: contextKey(root, 'oci-layout'), url: tag },
    walked: walkContext(root, []),
  }
}

function checkDirectory(name: string, root: string): void {
  if (existsSync(root) && statSync(root).isDirectory()) return
  throw new EngineError(
    'not_found',
    `failed to get build context ${name}: stat ${root}: no such file or directory`,
  )
}
