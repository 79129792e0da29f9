import { syncFilesystem } from '#sys/files.ts'

/**
 * `sync()` settles once everything written before the call is on disk. Calls
 * that arrive while a syncfs is running share the next one.
 */
export function createSyncBatch(
  fd: number,
  syncNow: (fd: number) => Promise<void> = syncFilesystem,
): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const start = () => {
    next = undefined
    running = syncNow(fd).finally(() => (running = undefined))
    return running
  }
  return () => {
    if (!running) return start()
    next ??= running.then(start, start)
    return next
  }
}
