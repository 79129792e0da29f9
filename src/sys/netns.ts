/**
 * Network namespaces, pinned by a bind mount. The calls are synchronous: no
 * other JavaScript runs while the main thread is in a foreign namespace. What is opened inside
 * (sockets) stays there afterwards.
 */
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { errnoOf } from '#base/errors.ts'
import { checked, libcFunction } from '#sys/ffi.ts'
import { mount, mountFlag, unmount } from '#sys/mount.ts'

const unshareCall = libcFunction<[flags: number]>('int unshare(int flags)')
const setnsCall = libcFunction<[fd: number, type: number]>('int setns(int fd, int type)')

const cloneNewnet = 0x40000000
const currentNamespace = '/proc/thread-self/ns/net'

/**
 * Makes a network namespace, pins it at `path` (a file made here, in an
 * existing directory) and runs `work` inside. Nothing is left when it throws.
 */
export function createNetworkNamespace<T>(path: string, work: () => T): T {
  writeFileSync(path, '', { flag: 'wx', mode: 0o444 })
  try {
    return awayFromHome(() => {
      checked('unshare network namespace', unshareCall(cloneNewnet))
      mount({ source: currentNamespace, target: path, flags: mountFlag.bind })
      return work()
    })
  } catch (error) {
    removeNetworkNamespace(path)
    throw error
  }
}

/** Runs `work` with the calling thread in the namespace pinned at `path`. */
export function insideNetworkNamespace<T>(path: string, work: () => T): T {
  const target = openSync(path, 'r')
  try {
    return awayFromHome(() => {
      checked('enter network namespace', setnsCall(target, cloneNewnet), path)
      return work()
    })
  } finally {
    closeSync(target)
  }
}

/** Moves the calling thread, for good, into a fresh network namespace. */
export function enterFreshNetworkNamespace(): void {
  checked('unshare network namespace', unshareCall(cloneNewnet))
}

/**
 * Drops the pin. The namespace, with the links in it, goes when its last
 * process and socket do. Idempotent.
 */
export function removeNetworkNamespace(path: string): void {
  try {
    unmount(path, { detach: true })
  } catch (error) {
    const errno = errnoOf(error)
    if (errno !== 'EINVAL' && errno !== 'ENOENT') throw error
  }
  rmSync(path, { force: true })
}

function awayFromHome<T>(work: () => T): T {
  const home = openSync(currentNamespace, 'r')
  try {
    return work()
  } finally {
    // Going on in a foreign namespace would apply every later rule and socket to the wrong network.
    if (setnsCall(home, cloneNewnet) !== 0) process.abort()
    closeSync(home)
  }
}
