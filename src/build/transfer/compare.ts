/** What a kept directory lacks of the list that a client sent. Pure. */
import { EngineError } from '#base/errors.ts'
import type { ContextEntry } from '#build/transfer/types.ts'

/** Path → what was known of it when the directory was last made equal to a list. */
export type ContextIndex = ReadonlyMap<string, ContextEntry>

export interface ContextDifference {
  /** Indices of entries whose content must be sent. */
  readonly needed: readonly number[]
  /** Paths that are no longer in the list, or are of another type now. */
  readonly removed: readonly string[]
  /** Directories and symbolic links to make or to describe again, in the order of the list. */
  readonly remade: readonly ContextEntry[]
}

export function compareContext(
  index: ContextIndex,
  entries: readonly ContextEntry[],
): ContextDifference {
  const listed = new Map(entries.map((entry) => [entry.path, entry]))
  const removed = [...index.values()]
    .filter(({ path, type }) => listed.get(path)?.type !== type)
    .map(({ path }) => path)
  const changed = new Set<string>()
  const needed: number[] = []
  for (const [position, entry] of entries.entries()) {
    const isSame = isEqual(index.get(entry.path), entry) && !hasChangedTarget(entry, changed)
    if (isSame) continue
    changed.add(entry.path)
    if (entry.type === 'file' || entry.type === 'hardlink') needed.push(position)
  }
  const disturbed = new Set([...changed, ...removed].map(parentOf))
  const remade = entries.filter(
    ({ type, path }) =>
      (type === 'symlink' && changed.has(path)) ||
      (type === 'directory' && (changed.has(path) || disturbed.has(path))),
  )
  return { needed, removed, remade }
}

function hasChangedTarget(entry: ContextEntry, changed: ReadonlySet<string>): boolean {
  return entry.type === 'hardlink' && changed.has(entry.linkPath ?? '')
}

function isEqual(known: ContextEntry | undefined, entry: ContextEntry): boolean {
  return (
    known !== undefined &&
    known.type === entry.type &&
    known.mode === entry.mode &&
    known.sizeBytes === entry.sizeBytes &&
    known.mtime.seconds === entry.mtime.seconds &&
    known.mtime.nanoseconds === entry.mtime.nanoseconds &&
    known.linkPath === entry.linkPath
  )
}

/**
 * Refuses a list that names something outside, or something below what is no directory.
 * @throws EngineError invalid_argument
 */
export function checkContextList(entries: readonly ContextEntry[]): void {
  const directories = new Set([''])
  const files = new Set<string>()
  for (const { path, type, linkPath } of entries) {
    if (!isPlainPath(path)) throw refused(path, 'leaves the context')
    if (!directories.has(parentOf(path))) throw refused(path, 'is in no directory of the context')
    if (directories.has(path) || files.has(path)) throw refused(path, 'is listed twice')
    if (type === 'hardlink' && !files.has(linkPath ?? '')) throw refused(path, 'links to no file')
    if (type === 'directory') directories.add(path)
    else files.add(path)
  }
}

function refused(path: string, reason: string): EngineError {
  return new EngineError('invalid_argument', `build context: "${path}" ${reason}`)
}

function isPlainPath(path: string): boolean {
  return path !== '' && !/^\/|\/$|\/\/|(^|\/)\.\.?(\/|$)|\0/.test(path)
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash === -1 ? '' : path.slice(0, slash)
}
