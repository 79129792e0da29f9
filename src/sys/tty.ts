/** Terminals: ioctl_tty(2). */
import { checked, libcFunction } from '#sys/ffi.ts'

const ioctl = libcFunction<[fd: number, request: number, argument: Uint8Array]>(
  'int ioctl(int fd, ulong request, void *argument)',
)
const getSize = 0x5413
const setSize = 0x5414

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

export function getWindowSize(fd: number): WindowSize {
  const winsize = Buffer.alloc(8)
  checked('get window size', ioctl(fd, getSize, winsize))
  return { rows: winsize.readUInt16LE(0), columns: winsize.readUInt16LE(2) }
}
