/** Paths inside a container's filesystem, opened so that no link leads out of it. */
import { closeSync, constants, openSync, readlinkSync } from 'node:fs'
import { errnoOf } from '#base/errors.ts'
import { openInRoot } from '#sys/files.ts'

export interface OpenedDirectory extends Disposable {
  /** A path to the open directory itself, whatever happens to its name; good while it is open. */
  readonly path: string
  /** Its name on the host now. */
  realPath(): string
}

/** The directory `path` inside `root`; undefined when there is none. */
export function openDirectoryInRoot(root: string, path: string): OpenedDirectory | undefined {
  const rootFd = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    const fd = openInRoot(rootFd, path, { flags: constants.O_RDONLY | constants.O_DIRECTORY })
    const link = `/proc/${process.pid}/fd/${fd}`
    return {
      path: link,
      realPath: () => readlinkSync(link),
      [Symbol.dispose]: () => closeSync(fd),
    }
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP') return undefined
    throw error
  } finally {
    closeSync(rootFd)
  }
}
