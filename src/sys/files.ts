/** File calls that node:fs lacks. Synchronous unless the name says otherwise. */
import { checked, libcFunction, sysError } from '#sys/ffi.ts'

/** AT_FDCWD: "relative to the current directory" for the `…at` calls. */
export const currentDirectory = -100

/** A path; a Buffer when its bytes are not UTF-8 (as in node:fs). */
export type PathName = string | Buffer

/** The path as libc takes it: Node's buffers have no terminating NUL. */
export function terminated(path: PathName): string | Uint8Array {
  return typeof path === 'string' ? path : Buffer.concat([path, Buffer.of(0)])
}

const closeCall = libcFunction<[fd: number]>('int close(int fd)')
const mknodCall = libcFunction<[path: string | Uint8Array, mode: number, device: bigint]>(
  'int mknod(const char *path, uint mode, uint64_t device)',
)
const mkfifoCall = libcFunction<[path: string | Uint8Array, mode: number]>(
  'int mkfifo(const char *path, uint mode)',
)
const lchownCall = libcFunction<[path: string | Uint8Array, uid: number, gid: number]>(
  'int lchown(const char *path, uint uid, uint gid)',
)
const utimensatCall = libcFunction<
  [directory: number, path: string | Uint8Array, times: Uint8Array, flags: number]
>('int utimensat(int directory, const char *path, const void *times, int flags)')
const futimensCall = libcFunction<[fd: number, times: Uint8Array]>(
  'int futimens(int fd, const void *times)',
)
const syncfsCall = libcFunction<[fd: number]>('int syncfs(int fd)')
const umaskCall = libcFunction<[mask: number]>('uint umask(uint mask)')
const openat2Call = libcFunction<
  [number: number, directory: number, path: string, how: Uint8Array, size: number]
>('long syscall(long number, int directory, const char *path, const void *how, size_t size)')

/** Closes a descriptor that the kernel gave outside node:fs. */
export function closeDescriptor(fd: number): void {
  checked('close', closeCall(fd))
}

/** Device numbers as stat(2) gives them (gnu_dev_makedev(3)). */
export function makeDevice(major: number, minor: number): bigint {
  const a = BigInt(major)
  const b = BigInt(minor)
  return (
    ((a & 0xfffff000n) << 32n) | ((a & 0xfffn) << 8n) | ((b & 0xffffff00n) << 12n) | (b & 0xffn)
  )
}

export function deviceNumbers(device: bigint): { readonly major: number; readonly minor: number } {
  return {
    major: Number(((device >> 32n) & 0xfffff000n) | ((device >> 8n) & 0xfffn)),
    minor: Number(((device >> 12n) & 0xffffff00n) | (device & 0xffn)),
  }
}

export interface DeviceNode {
  readonly type: 'character' | 'block'
  /** Permission bits; the umask applies. */
  readonly mode: number
  readonly major: number
  readonly minor: number
}

export function makeDeviceNode(path: PathName, node: DeviceNode): void {
  const mode = (node.type === 'character' ? 0o020000 : 0o060000) | node.mode
  const device = makeDevice(node.major, node.minor)
  checked('mknod', mknodCall(terminated(path), mode, device), String(path))
}

export function makeFifo(path: PathName, mode: number): void {
  checked('mkfifo', mkfifoCall(terminated(path), mode), String(path))
}

/** Changes the owner of the entry itself, never of what a symbolic link points to. */
export function changeOwner(path: PathName, uid: number, gid: number): void {
  checked('lchown', lchownCall(terminated(path), uid, gid), String(path))
}

const times = Buffer.alloc(32)

function fillTimes(seconds: number, nanoseconds: number): Buffer {
  for (const offset of [0, 16]) {
    times.writeBigInt64LE(BigInt(seconds), offset)
    times.writeInt32LE(nanoseconds, offset + 8)
  }
  return times
}

/** Sets access and modification time of the entry itself, to the nanosecond. */
export function setTimes(path: PathName, seconds: number, nanoseconds: number): void {
  const noFollow = 0x100
  const filled = fillTimes(seconds, nanoseconds)
  const result = utimensatCall(currentDirectory, terminated(path), filled, noFollow)
  checked('utimensat', result, String(path))
}

/** Sets access and modification time of an open file, to the nanosecond. */
export function setDescriptorTimes(fd: number, seconds: number, nanoseconds: number): void {
  checked('futimens', futimensCall(fd, fillTimes(seconds, nanoseconds)))
}

/** Sets the file mode creation mask; returns the previous one. Works in worker threads. */
export function setUmask(mask: number): number {
  return umaskCall(mask)
}

/**
 * Waits, on a pool thread, until everything written to the filesystem of `fd`
 * is on disk (syncfs(2)). @throws EngineError for a failed write since `fd` was opened (EIO)
 */
export function syncFilesystem(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    syncfsCall.async(fd, (error, result) => {
      if (error) reject(error)
      // errno belongs to the pool thread; whatever it was, the bytes are not safe.
      else if (result < 0) reject(sysError('syncfs', 5))
      else resolve()
    })
  })
}

export interface OpenInRootOptions {
  /** open(2) flags; O_CLOEXEC is added. */
  readonly flags: number
  readonly mode?: number
}

/**
 * Opens `path` as if the directory `rootFd` were `/`: absolute symbolic links
 * and `..` stay inside (openat2(2) with RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS).
 */
export function openInRoot(rootFd: number, path: string, options: OpenInRootOptions): number {
  const openat2 = 437
  const resolveInRoot = 0x10
  const resolveNoMagicLinks = 0x02
  const cloexec = 0x80000
  const how = Buffer.alloc(24)
  how.writeBigUInt64LE(BigInt(options.flags | cloexec), 0)
  how.writeBigUInt64LE(BigInt(options.mode ?? 0), 8)
  how.writeBigUInt64LE(BigInt(resolveInRoot | resolveNoMagicLinks), 16)
  return checked('open in root', openat2Call(openat2, rootFd, path, how, how.length), path)
}
