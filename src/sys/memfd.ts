/** memfd_create(2) with file seals (fcntl(2), F_ADD_SEALS). */
import { readFileSync, writeSync } from 'node:fs'
import { errnoOf } from '#base/errors.ts'
import { checked, libcFunction } from '#sys/ffi.ts'
import { closeDescriptor } from '#sys/files.ts'

const memfdCreate = libcFunction<[name: string, flags: number]>(
  'int memfd_create(const char *name, uint flags)',
)
const fcntl = libcFunction<[fd: number, command: number, argument: number]>(
  'int fcntl(int fd, int command, int argument)',
)

const closeOnExec = 0x1
const allowSealing = 0x2
const executable = 0x10
const addSeals = 1033
/** F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE. */
const everySeal = 0x1 | 0x2 | 0x4 | 0x8

export interface SealedFile extends Disposable {
  /** Good for as long as this process lives and the file is not disposed of. */
  readonly path: string
}

/** A copy of an executable file in memory, which nobody can change any more. */
export function sealedCopy(path: string): SealedFile {
  const bytes = readFileSync(path)
  const fd = createExecutable(path)
  try {
    for (let offset = 0; offset < bytes.length;) offset += writeSync(fd, bytes, offset)
    checked('seal copy', fcntl(fd, addSeals, everySeal), path)
  } catch (error) {
    closeDescriptor(fd)
    throw error
  }
  return {
    path: `/proc/${process.pid}/fd/${fd}`,
    [Symbol.dispose]: () => closeDescriptor(fd),
  }
}

function createExecutable(path: string): number {
  const flags = closeOnExec | allowSealing
  const create = (more: number) =>
    checked('copy to memory', memfdCreate('gantry', flags | more), path)
  try {
    return create(executable)
  } catch (error) {
    // Before Linux 6.3 the flag is unknown, and every such file is executable.
    if (errnoOf(error) !== 'EINVAL') throw error
    return create(0)
  }
}
