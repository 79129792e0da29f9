/**
 * The one door to libc. Everything else in sys/ declares its functions here and
 * checks results through `checked`, so that a refusal of the kernel becomes an
 * EngineError with the action, the path and the errno.
 */
import { constants } from 'node:os'
import koffi from 'koffi'
import { EngineError, type ErrorKind } from '#base/errors.ts'

const libc = koffi.load('libc.so.6')

/** What a C argument may be: numbers, strings, buffers to read or fill, null pointers. */
export type CValue = number | bigint | string | Uint8Array | null | readonly CValue[]

export interface LibcFunction<Args extends readonly CValue[], Result> {
  (...args: Args): Result
  /** Runs on a pool thread: for calls that may block. */
  async(...args: [...Args, callback: (error: Error | null, result: Result) => void]): void
}

/**
 * Declares a libc function from its C prototype:
 * `libcFunction<[fd: number]>('int close(int fd)')`.
 */
export function libcFunction<Args extends readonly CValue[], Result = number>(
  prototype: string,
): LibcFunction<Args, Result> {
  return libc.func(prototype)
}

const namesByErrno = new Map<number, string>(
  Object.entries(constants.errno).map(([name, number]) => [number, name]),
)

const kindsByErrno: Readonly<Record<string, ErrorKind>> = {
  ENOENT: 'not_found',
  ESRCH: 'not_found',
  EEXIST: 'already_exists',
  EINVAL: 'invalid_argument',
  EPERM: 'permission_denied',
  EACCES: 'permission_denied',
  EBUSY: 'conflict',
  EADDRINUSE: 'conflict',
  ENOSPC: 'resource_exhausted',
  EDQUOT: 'resource_exhausted',
  EMFILE: 'resource_exhausted',
  ENFILE: 'resource_exhausted',
  ENOMEM: 'resource_exhausted',
  ENOSYS: 'not_implemented',
  EOPNOTSUPP: 'not_implemented',
}

/** The symbolic name of an errno, or `errno 123`. */
export function errnoName(errno: number): string {
  return namesByErrno.get(errno) ?? `errno ${errno}`
}

/** Makes the error of a refused call: `mount "/x": ENOENT`. */
export function sysError(action: string, errno: number, subject?: string): EngineError {
  const name = errnoName(errno)
  const where = subject === undefined ? '' : ` "${subject}"`
  return new EngineError(kindsByErrno[name] ?? 'internal', `${action}${where}: ${name}`, {
    errno: name,
  })
}

/**
 * Passes a non-negative result through.
 * @throws EngineError built from errno when the result is negative
 */
export function checked(action: string, result: number | bigint, subject?: string): number {
  const value = Number(result)
  if (value < 0) throw sysError(action, koffi.errno(), subject)
  return value
}
