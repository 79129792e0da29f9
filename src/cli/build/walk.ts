import { lstatSync, readdirSync, readlinkSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { EngineError, errnoOf, errorMessage } from '#base/errors.ts'
import { createIgnoreMatcher } from '#oci/ignore.ts'
import type { ContextEntryBody } from '#wire/build-session.ts'

export interface WalkedContext {
  readonly root: string
  readonly entries: readonly ContextEntryBody[]
}

/**
 * Lists what of a directory belongs to the context, parents before children. Sockets,
 * devices and FIFOs stay out. Owners are not told: in a context everything is root's.
 * @throws EngineError when a directory cannot be read
 */
export function walkContext(root: string, ignore: readonly string[]): WalkedContext {
  const matcher = createIgnoreMatcher(ignore)
  const linked = new Map<string, string>()

  function walk(directory: string): ContextEntryBody[] {
    return listDirectory(root, directory).flatMap((name) =>
      visit(directory === '' ? name : `${directory}/${name}`),
    )
  }

  function visit(path: string): readonly ContextEntryBody[] {
    const isIgnored = matcher.isIgnored(path)
    if (isIgnored && !matcher.mayContainIncluded(path)) return []
    const stats = statEntry(root, path)
    if (!stats) return []
    if (stats.isDirectory()) {
      const below = walk(path)
      if (isIgnored && below.length === 0) return []
      return [entryOf('d', path, stats), ...below]
    }
    return isIgnored ? [] : leaf(path, stats)
  }

  function leaf(path: string, stats: BigIntStats): readonly ContextEntryBody[] {
    if (stats.isSymbolicLink()) {
      return [[...entryOf('l', path, stats), readlinkSync(`${root}/${path}`)]]
    }
    if (!stats.isFile()) return []
    if (stats.nlink > 1n) {
      const inode = `${stats.dev}:${stats.ino}`
      const first = linked.get(inode)
      if (first !== undefined) return [[...entryOf('h', path, stats), first]]
      linked.set(inode, path)
    }
    return [entryOf('f', path, stats)]
  }

  return { root, entries: walk('') }
}

type PlainEntry = readonly [
  type: ContextEntryBody[0],
  path: string,
  mode: number,
  size: number,
  mtime: string,
]

function entryOf(type: ContextEntryBody[0], path: string, stats: BigIntStats): PlainEntry {
  const size = type === 'f' ? Number(stats.size) : 0
  return [type, path, Number(stats.mode) & 0o7777, size, String(stats.mtimeNs)]
}

function listDirectory(root: string, directory: string): readonly string[] {
  try {
    return readdirSync(`${root}/${directory}`).toSorted()
  } catch (error) {
    throw contextError(`${root}/${directory}`, error)
  }
}

/** Undefined when it went away meanwhile. */
function statEntry(root: string, path: string): BigIntStats | undefined {
  try {
    return lstatSync(`${root}/${path}`, { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    throw contextError(`${root}/${path}`, error)
  }
}

function contextError(path: string, error: unknown): EngineError {
  const errno = errnoOf(error)
  const reason = errno === 'EACCES' ? 'permission denied' : errorMessage(error)
  return new EngineError('permission_denied', `error checking context: open ${path}: ${reason}`, {
    cause: error,
    ...(errno === undefined ? {} : { errno }),
  })
}
