/**
 * A root directory of one thread's own. Root, current directory and umask are
 * shared by all threads of a process until one of them calls
 * unshare(CLONE_FS): from then on `chroot` in that thread leaves the others,
 * the main thread and the libuv pool among them, where they were.
 */
import { openSync, constants } from 'node:fs'
import { checked, libcFunction } from '#sys/ffi.ts'
import { setUmask } from '#sys/files.ts'

const unshare = libcFunction<[flags: number]>('int unshare(int flags)')
const fchdir = libcFunction<[fd: number]>('int fchdir(int fd)')
const chdir = libcFunction<[path: string]>('int chdir(const char *path)')
const chroot = libcFunction<[path: string]>('int chroot(const char *path)')

/** Root directory switching for the calling worker thread. */
export interface ThreadRoot {
  /** Makes `directory` (a path of the machine) the root and current directory. */
  enter(directory: string): void
  /** Back to the machine's root. */
  leave(): void
}

/**
 * Detaches this thread from the shared root. Call once, in a worker thread only,
 * with every module already loaded: inside a foreign root nothing can be.
 */
export function detachThreadRoot(): ThreadRoot {
  const cloneFs = 0x200
  checked('unshare', unshare(cloneFs))
  setUmask(0)
  // The way back. Only this closure knows the number, and a path cannot name it without /proc.
  const machineRoot = openSync('/', constants.O_RDONLY | constants.O_DIRECTORY)
  const leave = () => {
    checked('fchdir', fchdir(machineRoot))
    checked('chroot', chroot('.'))
  }
  return {
    leave,
    enter(directory) {
      leave()
      checked('chdir', chdir(directory), directory)
      checked('chroot', chroot('.'), directory)
    },
  }
}
