/** The index of a kept context directory: written when the directory is right, gone while it changes. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import type { ContextIndex } from '#build/transfer/compare.ts'
import type { ContextEntry } from '#build/transfer/types.ts'

interface IndexFile {
  /** Files of another boot may not have reached the disk. */
  readonly bootId: string
  readonly sizeBytes: number
  readonly entries: readonly ContextEntry[]
}

export async function readIndex(path: string): Promise<ContextIndex | undefined> {
  const file = await parseIndexFile(path)
  if (!file || file.bootId !== (await bootId())) return undefined
  return new Map(file.entries.map((entry) => [entry.path, entry]))
}

export async function indexSize(path: string): Promise<number> {
  return (await parseIndexFile(path))?.sizeBytes ?? 0
}

export async function writeIndex(path: string, entries: readonly ContextEntry[]): Promise<void> {
  const sizeBytes = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0)
  const file: IndexFile = { bootId: await bootId(), sizeBytes, entries }
  await writeFile(`${path}.new`, JSON.stringify(file))
  await rename(`${path}.new`, path)
}

async function parseIndexFile(path: string): Promise<IndexFile | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    // Absent, or cut short by a crash: the directory is filled anew.
    return undefined
  }
}

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}
