import { isDeepStrictEqual } from 'node:util'
import { readTree } from '#test/conformance/corpus/image.ts'
import type { SavedImage, TreeEntry } from '#test/conformance/corpus/image.ts'

/** What of an image's `config` member is compared, empty values being the same as absent ones. */
const fields = [
  'Env',
  'Cmd',
  'Entrypoint',
  'WorkingDir',
  'User',
  'ExposedPorts',
  'Volumes',
  'Labels',
  'StopSignal',
  'Healthcheck',
  'OnBuild',
  'Shell',
  'ArgsEscaped',
]

/** One line for each field that differs; the first image is Gantry's. */
export function compareConfigs(own: SavedImage['config'], other: SavedImage['config']): string[] {
  const differences: string[] = []
  const compare = (name: string, mine: unknown, theirs: unknown) => {
    if (isEmpty(mine) && isEmpty(theirs)) return
    if (!isDeepStrictEqual(mine, theirs))
      differences.push(`${name}: ${JSON.stringify(mine)} beside ${JSON.stringify(theirs)}`)
  }
  for (const name of ['author', 'architecture', 'os'] as const)
    compare(name, own[name], other[name])
  for (const name of fields) compare(name, own.config?.[name], other.config?.[name])
  const mine = own.history ?? []
  const theirs = other.history ?? []
  for (let index = 0; index < Math.max(mine.length, theirs.length); index++)
    compare(`history ${index}`, mine[index], theirs[index])
  return differences
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return true
  return typeof value === 'object' && Object.keys(value).length === 0
}

/** What runc leaves of its mounts' targets in a base that lacks them; here they never reach a layer. */
const mountPoints = new Set(['/dev', '/etc', '/proc', '/sys'])

export interface TreeComparison {
  readonly own: SavedImage
  readonly other: SavedImage
  /** Folders and files whose contents are left out. */
  readonly ignore: readonly string[]
  /** Times before this are compared; later ones are those of the build itself. */
  readonly startedAt: number
}

/** Compares what the layers above the common ones write, path by path. */
export async function compareTrees(plan: TreeComparison): Promise<string[]> {
  const shared = commonLayers(plan.own, plan.other)
  const own = await readTree(plan.own.layers.slice(shared))
  const other = await readTree(plan.other.layers.slice(shared))
  const differences: string[] = []
  for (const path of [...new Set([...own.keys(), ...other.keys()])].toSorted()) {
    if (plan.ignore.some((prefix) => path === prefix || path.startsWith(`${prefix}/`))) continue
    const mine = own.get(path)
    const theirs = other.get(path)
    if (!mine && mountPoints.has(path)) continue
    if (!mine || !theirs) differences.push(`${path}: only ${mine ? 'here' : 'there'}`)
    else differences.push(...compareEntries(path, { mine, theirs, startedAt: plan.startedAt }))
  }
  return differences
}

interface EntryPair {
  readonly mine: TreeEntry
  readonly theirs: TreeEntry
  readonly startedAt: number
}

function compareEntries(path: string, { mine, theirs, startedAt }: EntryPair): string[] {
  const names = ['type', 'mode', 'owner', 'size', 'target', 'digest', 'xattrs'] as const
  const differences = names
    .filter((name) => mine[name] !== theirs[name])
    .map((name) => `${path}: ${name} ${mine[name]} beside ${theirs[name]}`)
  const isKept = Math.min(mine.modifiedAt, theirs.modifiedAt) < startedAt
  // Layers keep whole seconds here and fractions there.
  if (isKept && Math.trunc(mine.modifiedAt / 1000) !== Math.trunc(theirs.modifiedAt / 1000))
    differences.push(
      `${path}: time ${isoTime(mine.modifiedAt)} beside ${isoTime(theirs.modifiedAt)}`,
    )
  return differences
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString()
}

function commonLayers(own: SavedImage, other: SavedImage): number {
  const mine = own.config.rootfs.diff_ids
  const theirs = other.config.rootfs.diff_ids
  const end = mine.findIndex((diffId, index) => diffId !== theirs[index])
  return end === -1 ? mine.length : end
}
