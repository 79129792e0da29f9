/** Processes by descriptor (pidfd_open(2)): a number that is never reused for another process. */
import { checked, libcFunction } from '#sys/ffi.ts'

const syscall2 = libcFunction<[number: number, pid: number, flags: number]>(
  'long syscall(long number, int pid, uint flags)',
)
const syscall4 = libcFunction<
  [number: number, pidfd: number, signal: number, info: null, flags: number]
>('long syscall(long number, int pidfd, int signal, void *info, uint flags)')
const waitid = libcFunction<[idType: number, id: number, info: Uint8Array, options: number]>(
  'int waitid(int idType, uint id, void *info, int options)',
)

/** How a child ended: its exit code, or 128 plus the signal that ended it. */
export interface ExitStatus {
  readonly code: number
  readonly signal?: number
}

/** @throws EngineError not_found (ESRCH) when no such process exists */
export function openPidfd(pid: number): number {
  const pidfdOpen = 434
  return checked('open process', syscall2(pidfdOpen, pid, 0), String(pid))
}

/** @throws EngineError not_found (ESRCH) when the process has ended and was reaped */
export function signalPidfd(pidfd: number, signal: number): void {
  const pidfdSendSignal = 424
  checked('signal process', syscall4(pidfdSendSignal, pidfd, signal, null, 0))
}

/** Reaps a child that has ended; undefined while it runs. @throws EngineError (ECHILD) for others' children */
export function reapPidfd(pidfd: number): ExitStatus | undefined {
  const idTypePidfd = 3
  const exitedNoHang = 4 | 1
  const info = Buffer.alloc(128)
  checked('wait for process', waitid(idTypePidfd, pidfd, info, exitedNoHang))
  const pid = info.readInt32LE(16)
  if (pid === 0) return undefined
  const exited = 1
  const status = info.readInt32LE(24)
  return info.readInt32LE(8) === exited ? { code: status } : { code: 128 + status, signal: status }
}
