import { existsSync, mkdirSync, readdirSync, rmdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'

/** The numbered directories below `<root>/snapshots`; numbers keep overlay options short. */
export interface SnapshotDirectories extends AsyncDisposable {
  /** A new number with an empty `fs` (0755) and, for overlays, a `work` directory. */
  create(withWork: boolean): number
  layer(directory: number): string
  work(directory: number): string
  /** Removes it with everything inside. Failures are logged: the next sweep tries again. */
  remove(directory: number): Promise<void>
  removeWork(directory: number): Promise<void>
  /** Removes, in the background, every number not in `keep`. */
  sweep(keep: ReadonlySet<number>): void
}

export function openSnapshotDirectories(base: string, log: Logger): SnapshotDirectories {
  mkdirSync(base, { recursive: true, mode: 0o700 })
  const pending = new Set<Promise<void>>()
  let last = Math.max(0, ...existingNumbers(base))
  const place = (directory: number) => join(base, String(directory))
  const removeTree = async (path: string) => {
    try {
      if (!removeIfEmpty(path)) await rm(path, { recursive: true, force: true })
    } catch (error) {
      log.warn({ path, reason: errorMessage(error) }, 'snapshot directory not removed')
    }
  }
  const track = (work: Promise<void>) => {
    const tracked = work.finally(() => pending.delete(tracked))
    pending.add(tracked)
    return tracked
  }
  return {
    create(withWork) {
      const directory = ++last
      mkdirSync(place(directory), { mode: 0o700 })
      mkdirSync(join(place(directory), 'fs'), { mode: 0o755 })
      if (withWork) mkdirSync(join(place(directory), 'work'), { mode: 0o700 })
      return directory
    },
    layer: (directory) => join(place(directory), 'fs'),
    work: (directory) => join(place(directory), 'work'),
    remove: (directory) => track(removeTree(place(directory))),
    removeWork: (directory) => track(removeTree(join(place(directory), 'work'))),
    sweep(keep) {
      const strays = existingNumbers(base).filter((directory) => !keep.has(directory))
      if (strays.length === 0) return
      log.info({ count: strays.length }, 'removing snapshot directories that no record names')
      void track(removeAll(strays.map((directory) => () => removeTree(place(directory)))))
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(pending)
    },
  }
}

async function removeAll(removals: readonly (() => Promise<void>)[]): Promise<void> {
  for (const remove of removals) await remove()
}

function existingNumbers(base: string): number[] {
  return readdirSync(base).map(Number).filter(Number.isSafeInteger)
}

/** The usual case of a short-lived container: four directories and no file. */
function removeIfEmpty(path: string): boolean {
  try {
    for (const name of ['work/work', 'work', 'fs', '.']) {
      const directory = join(path, name)
      if (name === '.' || existsSync(directory)) rmdirSync(directory)
    }
    return true
  } catch {
    return false
  }
}
