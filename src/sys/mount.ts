/**
 * mount(2) and umount2(2). Synchronous: an overlay or bind mount takes a
 * fraction of a millisecond and must not interleave with other steps.
 */
import { checked, libcFunction } from '#sys/ffi.ts'
import { openTree, setMountAttributes, moveMount, mountAttribute } from '#sys/fsmount.ts'
import { closeDescriptor } from '#sys/files.ts'

const mount2 = libcFunction<
  [
    source: string | null,
    target: string,
    type: string | null,
    flags: number,
    options: string | null,
  ]
>(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *options)',
)
const umount2 = libcFunction<[target: string, flags: number]>(
  'int umount2(const char *target, int flags)',
)

/** Flags of mount(2). */
export const mountFlag = {
  readOnly: 0x1,
  noSuid: 0x2,
  noDev: 0x4,
  noExec: 0x8,
  synchronous: 0x10,
  remount: 0x20,
  noAtime: 0x400,
  noDirAtime: 0x800,
  bind: 0x1000,
  move: 0x2000,
  recursive: 0x4000,
  silent: 0x8000,
  unbindable: 0x20000,
  private: 0x40000,
  slave: 0x80000,
  shared: 0x100000,
  relAtime: 0x200000,
  strictAtime: 0x1000000,
} as const

export interface MountRequest {
  /** Device or label; ignored by pseudo filesystems. */
  readonly source?: string
  readonly target: string
  /** Filesystem type: `overlay`, `tmpfs`, … Absent for bind, remount and propagation changes. */
  readonly type?: string
  /** A union of `mountFlag` values. */
  readonly flags?: number
  /** Comma-separated filesystem options; at most one page. */
  readonly options?: string
}

/** @throws EngineError with the errno and the target */
export function mount(request: MountRequest): void {
  const { source, target, type, flags = 0, options } = request
  checked(
    'mount',
    mount2(source ?? type ?? null, target, type ?? null, flags, options ?? null),
    target,
  )
}

export interface UnmountOptions {
  /** MNT_DETACH: vanish from the tree now, free when the last user leaves. */
  readonly detach?: boolean
  /** UMOUNT_NOFOLLOW: refuse to follow a symbolic link at the target. Default true. */
  readonly noFollow?: boolean
}

/** @throws EngineError; EINVAL (invalid_argument) when the target is no mount point */
export function unmount(target: string, options: UnmountOptions = {}): void {
  const flags = (options.detach === true ? 2 : 0) | (options.noFollow === false ? 0 : 8)
  checked('unmount', umount2(target, flags), target)
}

export interface BindOptions {
  readonly isReadOnly?: boolean
  readonly isRecursive?: boolean
}

/**
 * Binds `source` at `target` with private propagation. A read-only bind is
 * never visible as writable: its attributes are set before it is attached.
 */
export function bindMount(source: string, target: string, options: BindOptions = {}): void {
  const isRecursive = options.isRecursive === true
  const fd = openTree(source, { isClone: true, isRecursive })
  try {
    setMountAttributes(fd, {
      set: options.isReadOnly === true ? mountAttribute.readOnly : 0,
      propagation: mountFlag.private,
      isRecursive,
    })
    moveMount(fd, target)
  } finally {
    closeDescriptor(fd)
  }
}

/** Changes the propagation of the mount at `target` (and below it, when recursive). */
export function setPropagation(
  target: string,
  propagation: 'private' | 'slave' | 'shared' | 'unbindable',
  isRecursive = false,
): void {
  const flags = mountFlag[propagation] | (isRecursive ? mountFlag.recursive : 0)
  mount({ target, flags })
}
