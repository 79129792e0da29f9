/**
 * The descriptor-based mount API (fsopen(2), fsconfig(2), fsmount(2),
 * open_tree(2), move_mount(2), mount_setattr(2)): a filesystem is configured
 * key by key, without the one-page limit of mount(2), and attached when it is complete.
 * Called by number: the C library has the wrappers only since 2.36.
 */
import { checked, libcFunction } from '#sys/ffi.ts'
import { closeDescriptor, currentDirectory } from '#sys/files.ts'

/** The same numbers on every architecture: asm-generic/unistd.h. */
const syscallNumber = {
  openTree: 428,
  moveMount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  mountSetattr: 442,
} as const

const fsopenCall = libcFunction<[number, string, number]>(
  'long syscall(long number, const char *type, uint flags)',
)
const fsconfigCall = libcFunction<[number, number, number, string | null, string | null, number]>(
  'long syscall(long number, int fd, uint command, const char *key, const char *value, int auxiliary)',
)
const fsmountCall = libcFunction<[number, number, number, number]>(
  'long syscall(long number, int fd, uint flags, uint attributes)',
)
const openTreeCall = libcFunction<[number, number, string, number]>(
  'long syscall(long number, int directory, const char *path, uint flags)',
)
const moveMountCall = libcFunction<[number, number, string, number, string, number]>(
  'long syscall(long number, int fromDirectory, const char *from, int toDirectory, const char *to, uint flags)',
)
const mountSetattrCall = libcFunction<[number, number, string, number, Uint8Array, number]>(
  'long syscall(long number, int directory, const char *path, uint flags, const void *attributes, size_t size)',
)

const cloexec = 0x80000
const atEmptyPath = 0x1000
const atRecursive = 0x8000
const fsconfigCommand = { setFlag: 0, setString: 1, create: 6 } as const

/** MOUNT_ATTR_* of mount_setattr(2). */
export const mountAttribute = {
  readOnly: 0x1,
  noSuid: 0x2,
  noDev: 0x4,
  noExec: 0x8,
  noAtime: 0x10,
} as const

/** One filesystem setting: a key alone is a flag. A key may come more than once (`lowerdir+`). */
export type FilesystemSetting = readonly [key: string, value?: string]

/**
 * Makes a filesystem instance that is not attached anywhere yet and returns its
 * mount descriptor; closing it before `moveMount` undoes everything.
 * @throws EngineError naming the refused key
 */
export function createFilesystem(type: string, settings: readonly FilesystemSetting[]): number {
  const fd = checked('fsopen', fsopenCall(syscallNumber.fsopen, type, 1), type)
  try {
    for (const [key, value] of settings) configure(fd, key, value)
    const created = fsconfigCall(syscallNumber.fsconfig, fd, fsconfigCommand.create, null, null, 0)
    checked('create filesystem', created, type)
    return checked('fsmount', fsmountCall(syscallNumber.fsmount, fd, 1, 0), type)
  } finally {
    closeDescriptor(fd)
  }
}

function configure(fd: number, key: string, value: string | undefined): void {
  const command = value === undefined ? fsconfigCommand.setFlag : fsconfigCommand.setString
  const result = fsconfigCall(syscallNumber.fsconfig, fd, command, key, value ?? null, 0)
  checked('fsconfig', result, value === undefined ? key : `${key}=${value}`)
}

export interface OpenTreeOptions {
  /** A detached copy of the mount instead of a reference to it. */
  readonly isClone?: boolean
  /** With `isClone`: the mounts below it too. */
  readonly isRecursive?: boolean
}

/** A descriptor of the mount that `path` is on. The caller closes it. */
export function openTree(path: string, options: OpenTreeOptions = {}): number {
  const flags =
    cloexec | (options.isClone === true ? 1 : 0) | (options.isRecursive === true ? atRecursive : 0)
  const result = openTreeCall(syscallNumber.openTree, currentDirectory, path, flags)
  return checked('open tree', result, path)
}

/** Attaches the mount of a descriptor at `target`. */
export function moveMount(fd: number, target: string): void {
  // MOVE_MOUNT_F_EMPTY_PATH: the source is the descriptor itself.
  const flags = 0x4
  const result = moveMountCall(syscallNumber.moveMount, fd, '', currentDirectory, target, flags)
  checked('attach mount', result, target)
}

export interface MountAttributeChange {
  readonly set?: number
  readonly clear?: number
  /** A propagation flag of mount(2): MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE. */
  readonly propagation?: number
  /** Descriptor of the user namespace whose mapping the mount takes (with `set` MOUNT_ATTR_IDMAP). */
  readonly userNamespace?: number
  readonly isRecursive?: boolean
}

/** Changes the attributes of the mount that a descriptor stands for. */
export function setMountAttributes(fd: number, change: MountAttributeChange): void {
  const attributes = Buffer.alloc(32)
  attributes.writeBigUInt64LE(BigInt(change.set ?? 0), 0)
  attributes.writeBigUInt64LE(BigInt(change.clear ?? 0), 8)
  attributes.writeBigUInt64LE(BigInt(change.propagation ?? 0), 16)
  attributes.writeBigUInt64LE(BigInt(change.userNamespace ?? 0), 24)
  const flags = atEmptyPath | (change.isRecursive === true ? atRecursive : 0)
  const result = mountSetattrCall(syscallNumber.mountSetattr, fd, '', flags, attributes, 32)
  checked('set mount attributes', result)
}
