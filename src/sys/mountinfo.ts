import { readFileSync } from 'node:fs'

/** One line of /proc/PID/mountinfo (proc_pid_mountinfo(5)), escapes resolved. */
export interface MountinfoEntry {
  readonly mountId: number
  readonly parentId: number
  /** `major:minor` of the filesystem. */
  readonly device: string
  /** The directory of the filesystem that is the root of this mount. */
  readonly root: string
  readonly mountPoint: string
  readonly mountOptions: readonly string[]
  readonly propagation: 'private' | 'shared' | 'slave' | 'shared-slave' | 'unbindable'
  readonly type: string
  readonly source: string
  readonly superOptions: readonly string[]
}

export function parseMountinfo(text: string): MountinfoEntry[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseLine)
}

function parseLine(line: string): MountinfoEntry {
  const fields = line.split(' ')
  const separator = fields.indexOf('-', 6)
  const field = (index: number) => unescapeOctal(fields[index] ?? '')
  return {
    mountId: Number(fields[0]),
    parentId: Number(fields[1]),
    device: field(2),
    root: field(3),
    mountPoint: field(4),
    mountOptions: field(5).split(','),
    propagation: propagationOf(fields.slice(6, separator)),
    type: field(separator + 1),
    source: field(separator + 2),
    superOptions: field(separator + 3).split(','),
  }
}

function propagationOf(tags: readonly string[]): MountinfoEntry['propagation'] {
  if (tags.includes('unbindable')) return 'unbindable'
  const isShared = tags.some((tag) => tag.startsWith('shared:'))
  const isSlave = tags.some((tag) => tag.startsWith('master:'))
  if (isShared && isSlave) return 'shared-slave'
  if (isShared) return 'shared'
  return isSlave ? 'slave' : 'private'
}

function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

/**
 * The mounts that this process sees. Costs time in proportion to all mounts of
 * the machine: for start-up and clean-up, never per container.
 */
export function readMountinfo(): MountinfoEntry[] {
  return parseMountinfo(readFileSync('/proc/self/mountinfo', 'utf8'))
}

/** The mount that `path` lies on: the deepest mount point that is a prefix of it. */
export function mountContaining(
  path: string,
  mounts: readonly MountinfoEntry[] = readMountinfo(),
): MountinfoEntry | undefined {
  let deepest: MountinfoEntry | undefined
  for (const entry of mounts) {
    const prefix = entry.mountPoint === '/' ? '/' : `${entry.mountPoint}/`
    const contains = path === entry.mountPoint || path.startsWith(prefix)
    // A later line at the same point is mounted over the earlier one.
    if (contains && entry.mountPoint.length >= (deepest?.mountPoint.length ?? 0)) deepest = entry
  }
  return deepest
}
