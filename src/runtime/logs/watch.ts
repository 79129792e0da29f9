/** Notices of changes in a directory, by inotify, without missing one between two looks. */
import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

export interface ChangeWatch extends Disposable {
  /** Settles at the first change since the last `next`, or when `stop` was called. */
  readonly next: () => Promise<void>
  /** Makes this and every later `next` settle at once. */
  readonly stop: () => void
}

/** Watches the directory of `path` for changes to it or to files named after it. */
export function watchChanges(path: string): ChangeWatch {
  const name = basename(path)
  let isDirty = false
  let isStopped = false
  let wake: (() => void) | undefined
  const notice = () => {
    isDirty = true
    wake?.()
  }
  const watcher: FSWatcher = watch(dirname(path), (_event, changed) => {
    if (changed === null || changed.startsWith(name)) notice()
  })
  watcher.on('error', notice)
  return {
    async next() {
      if (!isDirty && !isStopped) await new Promise<void>((resolve) => (wake = resolve))
      wake = undefined
      isDirty = false
    },
    stop() {
      isStopped = true
      notice()
    },
    [Symbol.dispose]: () => watcher.close(),
  }
}
