/** The mounts of a container: Docker's defaults, then tmpfs, then what the user asked for. */
import type { RuntimeMount } from '#oci/runtime-spec.ts'
import type { SpecInput } from '#runtime/spec/types.ts'

const defaultShmBytes = 64 * 1024 * 1024

/** Parents before children, so that none hides another. */
export function buildMounts(input: SpecInput): readonly RuntimeMount[] {
  const tmpfs = Object.entries(input.tmpfs ?? {}).map(([target, options]) =>
    tmpfsMount(target, options),
  )
  const asked = [...tmpfs, ...input.mounts]
  const targets = new Set(asked.map(({ destination }) => destination))
  const defaults = defaultMounts(input).filter(({ destination }) => !targets.has(destination))
  return [...defaults, ...asked.toSorted(byDepth)]
}

/** The order in which Docker mounts: by the number of path elements, stable. */
function byDepth(a: RuntimeMount, b: RuntimeMount): number {
  return depth(a.destination) - depth(b.destination)
}

function depth(path: string): number {
  return path.split('/').filter(Boolean).length
}

function defaultMounts(input: SpecInput): readonly RuntimeMount[] {
  const isPrivileged = input.isPrivileged === true
  const access = isPrivileged ? 'rw' : 'ro'
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    {
      destination: '/sys',
      type: 'sysfs',
      source: 'sysfs',
      options: ['nosuid', 'noexec', 'nodev', access],
    },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: [access, 'nosuid', 'noexec', 'nodev'],
    },
    {
      destination: '/dev/mqueue',
      type: 'mqueue',
      source: 'mqueue',
      options: ['nosuid', 'noexec', 'nodev'],
    },
    ...shmMount(input),
  ]
}

function shmMount(input: SpecInput): readonly RuntimeMount[] {
  const destination = '/dev/shm'
  if (input.ipc.type === 'none') return []
  const shared = input.shmPath ?? (input.ipc.type === 'host' ? '/dev/shm' : undefined)
  if (shared !== undefined) {
    return [{ destination, type: 'bind', source: shared, options: ['rbind', 'rprivate'] }]
  }
  const size = input.shmSizeBytes === undefined || input.shmSizeBytes === 0
  return [
    {
      destination,
      type: 'tmpfs',
      source: 'shm',
      options: [
        'nosuid',
        'noexec',
        'nodev',
        'mode=1777',
        `size=${size ? defaultShmBytes : input.shmSizeBytes}`,
      ],
    },
  ]
}

/** Docker's flags for `--tmpfs`, unless the user says the opposite, then the user's. */
function tmpfsMount(destination: string, options: string): RuntimeMount {
  const asked = options.split(',').filter(Boolean)
  const defaults = ['noexec', 'nosuid', 'nodev'].filter((flag) => !asked.includes(flag.slice(2)))
  return {
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: [...defaults, ...asked.filter((word) => !['exec', 'suid', 'dev'].includes(word))],
  }
}
