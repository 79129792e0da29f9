/** Terminals: ioctl_tty(2). */
import { checked, libcFunction } from '#sys/ffi.ts'

const ioctl = libcFunction<[fd: number, request: number, argument: Uint8Array]>(
  'int ioctl(int fd, ulong request, void *argument)',
)
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
