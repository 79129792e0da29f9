import { lstat, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { mapPool } from '#base/async.ts'
import { EngineError, errnoOf } from '#base/errors.ts'
import { unpackContext } from '#build/transfer/archive.ts'
import { compareContext, type ContextDifference } from '#build/transfer/compare.ts'
import { readIndex, writeIndex } from '#build/transfer/index-file.ts'
import type { ContextEntry } from '#build/transfer/types.ts'
import { encodeTarHeader, tarTrailer } from '#oci/tar/encoder.ts'

/** A kept directory: the files in `tree`, what is known of them in `index`. */
export interface ContextSlot {
  readonly tree: string
  readonly index: string
}

export function slotAt(directory: string): ContextSlot {
  return { tree: join(directory, 'tree'), index: join(directory, 'index.json') }
}

/** Compares the directory with the list; one without a trustworthy index is emptied first. */
export async function prepareSync(
  slot: ContextSlot,
  entries: readonly ContextEntry[],
): Promise<ContextDifference> {
  const index = await readIndex(slot.index)
  if (!index) await rm(slot.tree, { recursive: true, force: true })
  await mkdir(slot.tree, { recursive: true, mode: 0o755 })
  return compareContext(index ?? new Map(), entries)
}

export interface SyncWork {
  readonly entries: readonly ContextEntry[]
  readonly difference: ContextDifference
  readonly archive: AsyncIterable<Uint8Array>
}

/** @throws EngineError invalid_argument when something needed was not sent */
export async function applySync(
  slot: ContextSlot,
  { entries, difference, archive }: SyncWork,
  signal: AbortSignal,
): Promise<void> {
  const { needed, removed, remade } = difference
  if (needed.length + removed.length + remade.length === 0) return
  // From here on a crash leaves a directory that nobody trusts.
  await rm(slot.index, { force: true })
  const members = needed.length === 0 ? withoutContent(remade) : withContent(remade, archive)
  const removes = topmost(removed)
  const unpacked = await unpackContext(members, { directory: slot.tree, removes }, signal)
  const sizeBytes = needed.reduce((sum, position) => sum + (entries[position]?.sizeBytes ?? 0), 0)
  const isComplete =
    unpacked.entries === needed.length + remade.length && unpacked.sizeBytes === sizeBytes
  const unsure = isComplete ? new Set() : await findUnsure(slot.tree, needed, entries)
  await writeIndex(
    slot.index,
    entries.filter(({ path }) => !unsure.has(path)),
  )
}

async function* withContent(
  remade: readonly ContextEntry[],
  archive: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* headers(remade)
  yield* archive
}

async function* withoutContent(remade: readonly ContextEntry[]): AsyncGenerator<Uint8Array> {
  yield* headers(remade)
  yield tarTrailer
}

function* headers(entries: readonly ContextEntry[]): Generator<Uint8Array> {
  for (const { type, path, mode, mtime, linkPath } of entries) {
    const link = linkPath === undefined ? {} : { linkPath }
    yield encodeTarHeader({ type, path, mode, mtime, uid: 0, gid: 0, sizeBytes: 0, ...link })
  }
}

/** Removing a directory removes what is below it. */
function topmost(paths: readonly string[]): readonly string[] {
  let last = ''
  return paths.toSorted().filter((path) => {
    if (last !== '' && path.startsWith(`${last}/`)) return false
    last = path
    return true
  })
}

const statsAtOnce = 16

/** Files that changed while the client sent them: they are asked for again next time. */
async function findUnsure(
  tree: string,
  needed: readonly number[],
  entries: readonly ContextEntry[],
): Promise<ReadonlySet<string>> {
  const unsure = new Set<string>()
  await mapPool(needed, statsAtOnce, async (position) => {
    const entry = entries[position]
    if (!entry) return
    const sizeBytes = await sizeOf(tree, entry.path)
    if (entry.type === 'file' && sizeBytes !== entry.sizeBytes) unsure.add(entry.path)
  })
  return unsure
}

async function sizeOf(tree: string, path: string): Promise<number> {
  try {
    return (await lstat(join(tree, path))).size
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    throw new EngineError('invalid_argument', `build context: "${path}" was not sent`)
  }
}
