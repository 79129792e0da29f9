/**
 * Mount points that an image lacks (`/proc`, `/etc/hosts`, a cache mount's target). They are
 * put into a directory of their own *below* the step's upper directory, so that nothing of
 * them can reach the layer and nothing has to be removed afterwards.
 */
import { chmodSync, lstatSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Workspace } from '#build/ops/workspace.ts'
import type { RuntimeMount } from '#oci/runtime-spec.ts'
import { unmountSnapshot } from '#store/mounts.ts'
import type { Mount } from '#store/types.ts'
import { changeOwner, setTimes } from '#sys/files.ts'
import { below, findStats, resolveInRoot } from '#sys/trees/paths.ts'

/** What every container has mounted. */
const standardTargets = ['/proc', '/dev', '/sys']

interface Target {
  readonly path: string
  readonly isFile: boolean
}

/** Mounts the step's root filesystem so that each of `mounts` has something to be mounted on. */
export function mountWithTargets(
  workspace: Workspace,
  mount: Mount,
  mounts: readonly RuntimeMount[],
): string {
  const plain = workspace.mount(mount, 'rootfs')
  const missing = findMissing(plain, mounts)
  if (missing.length === 0) return plain
  const stubs = workspace.makeDirectory('stubs', 0o755)
  for (const target of missing) makeStub(plain, stubs, target)
  unmountSnapshot(plain)
  return workspace.mount(withLower(mount, stubs), 'rootfs-with-stubs')
}

function findMissing(rootfs: string, mounts: readonly RuntimeMount[]): Target[] {
  const directories = standardTargets.map((path) => ({ path, isFile: false }))
  const asked = mounts.map(({ destination, source, type }) => ({
    path: destination,
    isFile: type === 'bind' && source !== undefined && !statSync(source).isDirectory(),
  }))
  const all = [...directories, ...asked]
  return all
    .filter(({ path }) => !all.some((other) => path.startsWith(`${other.path}/`)))
    .map(({ path, isFile }) => ({ path: resolveInRoot(rootfs, path), isFile }))
    .filter(({ path }) => path !== '' && !findStats(below(rootfs, path)))
}

/** Directories on the way look as they do in the image: this layer lies over it. */
function makeStub(rootfs: string, stubs: string, { path, isFile }: Target): void {
  const names = path.split('/')
  for (let count = 1; count < names.length; count++) {
    copyDirectory(rootfs, stubs, names.slice(0, count).join('/'))
  }
  const place = join(stubs, path)
  if (isFile) writeFileSync(place, '', { mode: 0o644 })
  else mkdirSync(place, { recursive: true, mode: 0o755 })
}

function copyDirectory(rootfs: string, stubs: string, path: string): void {
  const place = join(stubs, path)
  if (lstatSync(place, { throwIfNoEntry: false })) return
  mkdirSync(place, { mode: 0o755 })
  const stats = findStats(below(rootfs, path))
  if (!stats) return
  changeOwner(place, Number(stats.uid), Number(stats.gid))
  chmodSync(place, Number(stats.mode) & 0o7777)
  setTimes(place, Number(stats.mtimeNs / 1_000_000_000n), Number(stats.mtimeNs % 1_000_000_000n))
}

function withLower(mount: Mount, lower: string): Mount {
  if (mount.type === 'overlay') return { ...mount, lowerDirs: [lower, ...mount.lowerDirs] }
  // An empty root has no layers: its own directory becomes the upper one.
  const workDir = join(dirname(mount.source), 'work')
  mkdirSync(workDir, { recursive: true, mode: 0o700 })
  return { type: 'overlay', lowerDirs: [lower], upper: { upperDir: mount.source, workDir } }
}
