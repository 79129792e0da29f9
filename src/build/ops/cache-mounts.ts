/**
 * `RUN --mount=type=cache`: directories that outlive builds, at
 * `<data root>/build/cache-mounts/<digest of the id>`, and are no part of any layer or key.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { randomId } from '#base/ids.ts'
import { undoing } from '#base/undo.ts'
import type { ExecMount } from '#build/graph/types.ts'
import type { BuildMachine } from '#build/ops/machine.ts'
import type { Workspace } from '#build/ops/workspace.ts'
import { digestHex, digestOf } from '#oci/digest.ts'
import { treeUsage } from '#store/tree-usage.ts'

export type CacheMount = Extract<ExecMount, { type: 'cache' }>

export interface CacheMountRequest {
  readonly mount: CacheMount
  /** Fills a cache that is new (`from=`). */
  readonly fill: ((directory: string) => Promise<void>) | undefined
}

/** Takes the cache for the time of the step, waiting for others when it is `locked`. */
export async function takeCache(
  { machine, workspace }: { readonly machine: BuildMachine; readonly workspace: Workspace },
  { mount, fill }: CacheMountRequest,
  signal: AbortSignal,
): Promise<string> {
  const base = join(cachesDirectory(machine), cacheName(mount))
  if (mount.sharing === 'locked') {
    const lock = await machine.cacheLocks.acquire(base, signal)
    workspace.defer('release cache', () => lock[Symbol.dispose]())
  }
  const directory = mount.sharing === 'private' ? choosePrivate(machine, base) : `${base}.0`
  machine.cachesInUse.add(`${directory} ${workspace.id}`)
  workspace.defer('leave cache', () => {
    machine.cachesInUse.delete(`${directory} ${workspace.id}`)
    // Nobody waits for the figure that `builder du` shows.
    void undoing(machine.log, 'measure cache', () => measure(directory))()
  })
  if (!existsSync(directory)) await create(directory, { mount, fill })
  const time = Date.now() / 1000
  utimesSync(directory, time, time)
  return join(directory, 'fs')
}

const sizeFile = 'size'

async function measure(directory: string): Promise<void> {
  const { sizeBytes } = await treeUsage(join(directory, 'fs'))
  if (existsSync(directory)) writeFileSync(join(directory, sizeFile), String(sizeBytes))
}

/** As it was measured after the last step that had it. */
export function cacheSize(directory: string): number {
  try {
    return Number(readFileSync(join(directory, sizeFile), 'utf8'))
  } catch {
    return 0
  }
}

export function cachesDirectory({ dataRoot }: Pick<BuildMachine, 'dataRoot'>): string {
  return join(dataRoot, 'cache-mounts')
}

/** Other owners and modes make another cache; an id is data, never a path. */
function cacheName({ cacheId, mode, uid, gid }: CacheMount): string {
  return digestHex(digestOf(JSON.stringify([cacheId, mode, uid, gid]))).slice(0, 32)
}

/** The first of the numbered caches that no running step has. */
function choosePrivate({ cachesInUse }: BuildMachine, base: string): string {
  const taken = new Set([...cachesInUse].map((entry) => entry.slice(0, entry.lastIndexOf(' '))))
  for (let number = 0; ; number++) if (!taken.has(`${base}.${number}`)) return `${base}.${number}`
}

/** Complete before it has its name: a crash leaves nothing half-filled. */
async function create(directory: string, { mount, fill }: CacheMountRequest): Promise<void> {
  const fresh = `${directory}.new-${randomId().slice(0, 12)}`
  mkdirSync(join(fresh, 'fs'), { recursive: true, mode: 0o700 })
  try {
    await fill?.(join(fresh, 'fs'))
    chmodSync(join(fresh, 'fs'), mount.mode)
    chownSync(join(fresh, 'fs'), mount.uid, mount.gid)
    if (existsSync(directory)) await rm(fresh, { recursive: true, force: true })
    else renameSync(fresh, directory)
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    throw error
  }
}

/** The names of whole caches. */
export function listCaches(machine: Pick<BuildMachine, 'dataRoot'>): string[] {
  return readdirSync(cachesDirectory(machine)).filter((name) => !isPartial(name))
}

/** Out of the way at once: a step that comes meanwhile makes a new one. */
export async function removeCache(
  machine: Pick<BuildMachine, 'dataRoot'>,
  name: string,
): Promise<void> {
  const directory = join(cachesDirectory(machine), name)
  const gone = `${directory}.gone-${randomId().slice(0, 12)}`
  renameSync(directory, gone)
  await rm(gone, { recursive: true, force: true })
}

/** Removes what a crash left half-made or half-removed. */
export async function sweepCaches(machine: Pick<BuildMachine, 'dataRoot'>): Promise<void> {
  const directory = cachesDirectory(machine)
  for (const name of readdirSync(directory).filter(isPartial)) {
    await rm(join(directory, name), { recursive: true, force: true })
  }
}

function isPartial(name: string): boolean {
  return name.includes('.new-') || name.includes('.gone-')
}
