import { mkdirSync, rmdirSync } from 'node:fs'
import { errnoOf } from '#base/errors.ts'
import type { RootfsMounts } from '#container/context.ts'
import { keepMountsPrivate, mountSnapshot, unmountSnapshot } from '#store/mounts.ts'
import { mount, mountFlag } from '#sys/mount.ts'
import { readMountinfo } from '#sys/mountinfo.ts'

/**
 * Snapshots on directories below `directory` that exist only while something is
 * mounted on them, and that no other mount namespace gets to see.
 */
export function createRootfsMounts(directory: string): RootfsMounts {
  keepMountsPrivate(directory)
  return {
    mount: async (snapshot, target) => {
      mkdirSync(target, { recursive: true, mode: 0o710 })
      mountSnapshot(snapshot, target)
    },
    mountMemory: async (target, sizeBytes) => {
      mkdirSync(target, { recursive: true, mode: 0o710 })
      const flags = mountFlag.noSuid | mountFlag.noDev | mountFlag.noExec
      mount({ target, type: 'tmpfs', source: 'shm', flags, options: `mode=1777,size=${sizeBytes}` })
    },
    unmount: async (target) => {
      unmountSnapshot(target)
      try {
        rmdirSync(target)
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT') throw error
      }
    },
    list: async () =>
      readMountinfo()
        .map(({ mountPoint }) => mountPoint)
        .filter((mountPoint) => mountPoint.startsWith(`${directory}/`)),
  }
}
