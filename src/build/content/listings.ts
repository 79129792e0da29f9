/**
 * What was in the files that a digest stands for, so that `--why` can name those that differ. A
 * listing lies in a file named by the digest; the oldest go, and a missing one costs an explanation.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { errnoOf } from '#base/errors.ts'
import { type Digest, digestHex } from '#oci/digest.ts'
import { decodeListing, type ListedFile } from '#sys/trees/listing.ts'

export interface FileChange {
  /** Below the root of what is copied from. */
  readonly path: string
  readonly change: 'added' | 'removed' | 'content' | 'mode' | 'owner' | 'type'
}

export interface Listings {
  /** Where the listing of a new digest is written, by the worker that digests. */
  readonly directory: string
  /** Told now and then: old listings go. */
  trim(): void
  /** What differs; undefined when one of the two is not known. */
  compare(was: Digest, is: Digest): readonly FileChange[] | undefined
}

const maxBytes = 32 * 1024 * 1024
const callsBetweenTrims = 64

export function openListings(directory: string): Listings {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  let calls = 0
  return {
    directory,
    trim() {
      if (calls++ % callsBetweenTrims === 0) dropOldest(directory)
    },
    compare(was, is) {
      const [before, after] = [read(directory, was), read(directory, is)]
      return before && after && compareListings(before, after)
    },
  }
}

export function compareListings(
  before: ReadonlyMap<string, ListedFile>,
  after: ReadonlyMap<string, ListedFile>,
): readonly FileChange[] {
  const changes: FileChange[] = []
  for (const [path, is] of after) {
    const was = before.get(path)
    const change = was ? changeOf(was, is) : 'added'
    if (change) changes.push({ path, change })
  }
  for (const path of before.keys()) if (!after.has(path)) changes.push({ path, change: 'removed' })
  return changes
}

const typeBits = 0o170000

function changeOf(was: ListedFile, is: ListedFile): FileChange['change'] | undefined {
  if ((was.mode & typeBits) !== (is.mode & typeBits)) return 'type'
  if (was.content !== is.content) return 'content'
  if (was.mode !== is.mode) return 'mode'
  return was.owner === is.owner ? undefined : 'owner'
}

function read(directory: string, digest: Digest): ReadonlyMap<string, ListedFile> | undefined {
  try {
    return decodeListing(readFileSync(join(directory, digestHex(digest)), 'utf8'))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function dropOldest(directory: string): void {
  const files = readdirSync(directory)
    .flatMap((name) => {
      const stats = statSync(join(directory, name), { throwIfNoEntry: false })
      return stats ? [{ name, stats }] : []
    })
    .toSorted((a, b) => b.stats.mtimeMs - a.stats.mtimeMs)
  let bytes = 0
  for (const { name, stats } of files) {
    bytes += stats.size
    if (bytes > maxBytes) rmSync(join(directory, name), { force: true })
  }
}
