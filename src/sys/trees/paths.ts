/**
 * Paths inside a root directory, symbolic links included. Resolution is by name: it is for
 * trees that nobody changes meanwhile (snapshots without processes, finished contexts).
 */
import * as fs from 'node:fs'
import { EngineError } from '#base/errors.ts'
import { encodeName, hasEscapedBytes } from '#oci/tar/names.ts'
import type { PathName } from '#sys/files.ts'

const maxLinks = 255

/**
 * The path below `rootPath` that `path` leads to: no leading slash, no link in it, '' = the root.
 * Components that do not exist are kept. @throws EngineError (ELOOP)
 */
export function resolveInRoot(rootPath: string, path: string, followsLast = true): string {
  const pending = path.split('/').toReversed()
  const resolved: string[] = []
  let links = 0
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || name === '.') continue
    if (name === '..') {
      resolved.pop()
      continue
    }
    const here = [...resolved, name].join('/')
    const isLast = pending.every((rest) => rest === '' || rest === '.')
    const target = isLast && !followsLast ? undefined : linkTarget(below(rootPath, here))
    if (target === undefined) {
      resolved.push(name)
      continue
    }
    if (++links > maxLinks) {
      throw new EngineError('invalid_argument', `"/${path}": too many links`, { errno: 'ELOOP' })
    }
    if (target.startsWith('/')) resolved.length = 0
    pending.push(...target.split('/').toReversed())
  }
  return resolved.join('/')
}

/** The machine's path of what lies at `path` below `rootPath`. */
export function below(rootPath: string, path: string): PathName {
  const whole = path === '' ? rootPath : `${rootPath}/${path}`
  return hasEscapedBytes(whole) ? encodeName(whole) : whole
}

export function joinPath(parent: string, name: string): string {
  return parent === '' ? name : `${parent}/${name}`
}

export function parentPath(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
}

export function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

export function findStats(path: PathName): fs.BigIntStats | undefined {
  try {
    return fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOTDIR') return undefined
    throw error
  }
}

function linkTarget(path: PathName): string | undefined {
  return findStats(path)?.isSymbolicLink() === true ? fs.readlinkSync(path, 'utf8') : undefined
}
