/** What programs look for in every container of Docker's kind, where the image does not bring it. */
import { closeSync, constants, openSync, symlinkSync } from 'node:fs'
import { errnoOf } from '#base/errors.ts'
import { openDirectoryInRoot } from '#container/in-root.ts'
import { openInRoot } from '#sys/files.ts'

/** `/.dockerenv` tells programs that they are in a container, `/etc/mtab` what is mounted. */
export function addStandardFiles(rootfs: string): void {
  const root = openSync(rootfs, constants.O_RDONLY | constants.O_DIRECTORY)
  const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW
  try {
    unlessPresent(() => closeSync(openInRoot(root, '.dockerenv', { flags, mode: 0o755 })))
  } finally {
    closeSync(root)
  }
  using etc = openDirectoryInRoot(rootfs, 'etc')
  if (etc) unlessPresent(() => symlinkSync('/proc/mounts', `${etc.path}/mtab`))
}

function unlessPresent(make: () => void): void {
  try {
    make()
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
  }
}
