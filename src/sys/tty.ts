/** Terminals: ioctl_tty(2), pts(4). */
import { constants, openSync } from 'node:fs'
import { checked, libcFunction } from '#sys/ffi.ts'
import { closeDescriptor } from '#sys/files.ts'

const ioctl = libcFunction<[fd: number, request: number, argument: Uint8Array]>(
  'int ioctl(int fd, ulong request, void *argument)',
)
const setSize = 0x5414
const setLock = 0x40045431
const getNumber = 0x80045430

export interface WindowSize {
  readonly rows: number
  readonly columns: number
}

/** @throws EngineError (ENOTTY) when `fd` is no terminal */
export function setWindowSize(fd: number, size: WindowSize): void {
  const winsize = Buffer.alloc(8)
  winsize.writeUInt16LE(size.rows, 0)
  winsize.writeUInt16LE(size.columns, 2)
  checked('set window size', ioctl(fd, setSize, winsize))
}

/** The two ends of a terminal; whoever holds them closes them. */
export interface TerminalPair {
  readonly masterFd: number
  readonly slaveFd: number
}

/** A new terminal of the host, which becomes nobody's controlling terminal. @throws EngineError, ENOSPC when there are too many */
export function openTerminalPair(size: WindowSize): TerminalPair {
  const flags = constants.O_RDWR | constants.O_NOCTTY
  const masterFd = openSync('/dev/ptmx', flags)
  try {
    checked('unlock terminal', ioctl(masterFd, setLock, Buffer.alloc(4)))
    const number = Buffer.alloc(4)
    checked('get number of terminal', ioctl(masterFd, getNumber, number))
    setWindowSize(masterFd, size)
    return { masterFd, slaveFd: openSync(`/dev/pts/${number.readUInt32LE()}`, flags) }
  } catch (error) {
    closeDescriptor(masterFd)
    throw error
  }
}
