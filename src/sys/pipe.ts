/** pipe(2) and descriptor flags. Every descriptor made here is close-on-exec. */
import { checked, libcFunction } from '#sys/ffi.ts'

const pipe2 = libcFunction<[fds: Uint8Array, flags: number]>('int pipe2(void *fds, int flags)')
const fcntl = libcFunction<[fd: number, command: number, argument: number]>(
  'int fcntl(int fd, int command, int argument)',
)

const closeOnExec = 0o2000000
const duplicateAbove = 1030
const setPipeSize = 1031

/** Both ends of a pipe; whoever holds one closes it. */
export interface Pipe {
  readonly readFd: number
  readonly writeFd: number
}

/** @throws EngineError resource_exhausted (EMFILE, ENFILE) */
export function openPipe(): Pipe {
  const fds = Buffer.alloc(8)
  checked('open pipe', pipe2(fds, closeOnExec))
  return { readFd: fds.readInt32LE(0), writeFd: fds.readInt32LE(4) }
}

/** A second, close-on-exec descriptor of the same open file, numbered `atLeast` or higher. */
export function duplicateDescriptor(fd: number, atLeast = 3): number {
  return checked('duplicate descriptor', fcntl(fd, duplicateAbove, atLeast))
}

/**
 * Asks for a larger pipe buffer (F_SETPIPE_SZ, bytes). Users other than root are
 * bounded by /proc/sys/fs/pipe-max-size and by a total: a refusal keeps the size.
 */
export function tryEnlargePipe(fd: number, sizeBytes: number): void {
  fcntl(fd, setPipeSize, sizeBytes)
}
