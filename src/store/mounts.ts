/** The act behind `Mount`: attaching a snapshot to a directory and taking it off again. */
import { closeSync, constants, mkdirSync, openSync, rmSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { EngineError, errnoOf } from '#base/errors.ts'
import { closeDescriptor } from '#sys/files.ts'
import { createFilesystem, moveMount, type FilesystemSetting } from '#sys/fsmount.ts'
import { bindMount, mount, setPropagation, unmount } from '#sys/mount.ts'
import { mountContaining } from '#sys/mountinfo.ts'
import type { Mount } from '#store/types.ts'

type OverlayMount = Extract<Mount, { type: 'overlay' }>

/**
 * Mounts at the existing directory `target`. Synchronous in effect: 0.2 to 0.5 ms.
 * More than 100 layers are no problem; the kernel's own limit is 500.
 * Where other mounts get to see it is the affair of the directory: `keepMountsPrivate`.
 */
export function mountSnapshot(snapshot: Mount, target: string): void {
  switch (snapshot.type) {
    case 'bind':
      bindMount(snapshot.source, target, { isReadOnly: snapshot.isReadOnly })
      return
    case 'overlay':
      mountOverlay(snapshot, target)
      return
    default:
      throw new EngineError(
        'internal',
        `mount snapshot: ${JSON.stringify(snapshot satisfies never)}`,
      )
  }
}

/** Takes the mount off, even while it is in use. Nothing mounted there is no error. */
export function unmountSnapshot(target: string): void {
  try {
    unmount(target, { detach: true })
  } catch (error) {
    const errno = errnoOf(error)
    if (errno !== 'EINVAL' && errno !== 'ENOENT') throw error
  }
}

/**
 * Lets nothing mounted below `directory` appear in the machine's other mount namespaces:
 * where the mount it is on is shared (systemd's default), it becomes a private
 * mount point of its own. Done once at start; a directory that is one already stays.
 */
export function keepMountsPrivate(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o710 })
  const entry = mountContaining(directory)
  if (entry?.propagation === 'private') return
  if (entry?.mountPoint !== directory)
    mount({ source: directory, target: directory, flags: 0x1000 })
  setPropagation(directory, 'private')
}

/** Never follow or make redirects or metadata-only copies: the upper directory is the diff. */
const fixedOptions: readonly (readonly [string, string])[] = [
  ['redirect_dir', 'nofollow'],
  ['metacopy', 'off'],
  ['index', 'off'],
]

/**
 * `lowerdir+` came with Linux 6.8. Asked by version: an attempt on an older kernel would leave a
 * line in its log at every mount.
 */
const hasLayerSettings = isKernelSince(release(), [6, 8])

/** @param text as uname(2) gives it: `6.1.0-56-cloud-amd64` */
export function isKernelSince(text: string, [major, minor]: readonly [number, number]): boolean {
  const [ours = 0, oursMinor = 0] = text.split('.').map((part) => Number.parseInt(part, 10))
  return ours > major || (ours === major && oursMinor >= minor)
}

function mountOverlay(snapshot: OverlayMount, target: string): void {
  if (snapshot.isVolatile === true && snapshot.upper) forgetVolatile(snapshot.upper.workDir)
  if (hasLayerSettings) mountByDescriptor(snapshot, target)
  else mountClassic(snapshot, target)
}

/**
 * The kernel leaves this mark on a volatile overlay and refuses to mount one
 * that has it, since a crash may have lost writes; ours are for throwing away.
 */
function forgetVolatile(workDir: string): void {
  rmSync(join(workDir, 'work', 'incompat'), { recursive: true, force: true })
}

function mountByDescriptor(snapshot: OverlayMount, target: string): void {
  const { lowerDirs, upper } = snapshot
  const settings: FilesystemSetting[] = [
    ...lowerDirs.map((path) => ['lowerdir+', path] as const),
    ...(upper
      ? ([
          ['upperdir', upper.upperDir],
          ['workdir', upper.workDir],
        ] as const)
      : []),
    ...fixedOptions,
    ...(snapshot.isVolatile === true ? ([['volatile']] as const) : []),
  ]
  const fd = createFilesystem('overlay', settings)
  try {
    moveMount(fd, target)
  } finally {
    closeDescriptor(fd)
  }
}

/**
 * mount(2) takes one page of options. Paths through our own descriptors are
 * short enough for some 200 layers, whatever the data root is called.
 */
export function mountClassic(snapshot: OverlayMount, target: string): void {
  using descriptors = new DisposableStack()
  const short = (path: string) => {
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
    descriptors.defer(() => closeSync(fd))
    return `/proc/self/fd/${fd}`
  }
  const { upper } = snapshot
  const options = [
    `lowerdir=${snapshot.lowerDirs.map(short).join(':')}`,
    ...(upper ? [`upperdir=${short(upper.upperDir)}`, `workdir=${short(upper.workDir)}`] : []),
    ...fixedOptions.map(([key, value]) => `${key}=${value}`),
    ...(snapshot.isVolatile === true ? ['volatile'] : []),
  ].join(',')
  mount({ type: 'overlay', source: 'overlay', target, options })
}
