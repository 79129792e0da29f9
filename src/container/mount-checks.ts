/** What only a start can tell of a container's mounts: the host's mounts and the image's links count. */
import { readlinkSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError, errnoOf } from '#base/errors.ts'
import type { ContainerMount } from '#container/types.ts'
import { mountContaining } from '#sys/mountinfo.ts'

type Bind = Extract<ContainerMount, { type: 'bind' }>

/** Files that stand in for the kernel's own (lxcfs does so); nothing else may be put into /proc. */
const replaceable = new Set(
  ['cpuinfo', 'diskstats', 'loadavg', 'meminfo', 'net/dev', 'slabinfo', 'stat', 'swaps', 'uptime']
    .concat('sys/kernel/ns_last_pid', 'sys/crypto/fips_enabled')
    .map((name) => `/proc/${name}`),
)

/**
 * A runtime writes to /proc while it sets a container up, and trusts what it reads there.
 * @throws EngineError invalid_argument for a mount on or in /proc, through whatever links of the image
 */
export function checkProcfs(rootfs: string, mounts: readonly ContainerMount[]): void {
  for (const mount of mounts) {
    const target = resolveInRoot(rootfs, mount.target)
    if (target === '/proc' && !(mount.type === 'bind' && isProcfs(mount.source))) {
      throw refused(mount.target, 'it is not of type proc')
    }
    if (target.startsWith('/proc/') && !replaceable.has(target)) {
      throw refused(mount.target, 'it is inside /proc')
    }
  }
}

function refused(target: string, reason: string): EngineError {
  return new EngineError(
    'invalid_argument',
    `error mounting to rootfs at "${target}": "${target}" cannot be mounted because ${reason}`,
  )
}

function isProcfs(source: string): boolean {
  const entry = mountContaining(realpathSync(source))
  return entry?.type === 'proc' && entry.mountPoint === realpathSync(source)
}

const mostLinks = 40

/**
 * Where a path leads inside `rootfs`, by name: what a link names may be made by the runtime
 * only. Nothing runs in there yet that could change a link meanwhile.
 */
function resolveInRoot(rootfs: string, path: string): string {
  const pending = path.split('/')
  const resolved: string[] = []
  for (let links = 0; pending.length > 0;) {
    const name = pending.shift() ?? ''
    if (name === '..') resolved.pop()
    if (name === '' || name === '.' || name === '..') continue
    const target = linkTarget(join(rootfs, ...resolved, name))
    if (target === undefined) resolved.push(name)
    else {
      links += 1
      if (links > mostLinks) throw refused(path, 'it has too many levels of symbolic links')
      if (target.startsWith('/')) resolved.length = 0
      pending.unshift(...target.split('/'))
    }
  }
  return `/${resolved.join('/')}`
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'EINVAL' || errno === 'ENOENT' || errno === 'ENOTDIR') return undefined
    throw error
  }
}

/**
 * How mounts and unmounts must pass between the host and the container's root for the binds that ask for it.
 * @throws EngineError invalid_argument when the source's own mount keeps them to itself
 */
export function rootPropagation(
  mounts: readonly ContainerMount[],
): 'shared' | 'rslave' | undefined {
  const binds = mounts.filter((mount): mount is Bind => mount.type === 'bind')
  const isShared = (mount: Bind) => mount.propagation.endsWith('shared')
  const isSlave = (mount: Bind) => mount.propagation.endsWith('slave')
  for (const mount of binds) {
    if (isShared(mount)) requireMount(mount.source, ['shared'], 'a shared mount')
    if (isSlave(mount)) requireMount(mount.source, ['shared', 'slave'], 'a shared or slave mount')
  }
  if (binds.some(isShared)) return 'shared'
  return binds.some(isSlave) ? 'rslave' : undefined
}

function requireMount(source: string, kinds: readonly string[], what: string): void {
  const entry = mountContaining(realpathSync(source))
  const own = entry?.propagation.split('-') ?? []
  if (kinds.some((kind) => own.includes(kind))) return
  throw new EngineError(
    'invalid_argument',
    `path ${source} is mounted on ${entry?.mountPoint ?? '/'} but it is not ${what}`,
  )
}
