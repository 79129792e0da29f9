/** `--cache-to`: the records of a build, and the layers they lead to, go where other engines find them. */
import type { KeyIngredients } from '#build/solver/types.ts'
import { mapPool } from '#base/async.ts'
import { millisOf } from '#base/clock.ts'
import type { BuiltPlatform } from '#build/builder/built.ts'
import { cacheDocument, inlineCacheKey, type SharedRecord } from '#build/export/cache-format.ts'
import { type SharedLayer, writeCache } from '#build/export/cache-places.ts'
import type { ExportJob } from '#build/export/job.ts'
import { decodeResult, type ResultLayer } from '#build/ops/result.ts'
import { opDigest } from '#build/solver/keys.ts'
import type { CacheLocation } from '#build/types.ts'
import type { ChainId, Digest, DiffId } from '#oci/digest.ts'

type Mode = 'min' | 'max'

/** Compressing uses all cores for one layer already. */
const layersAtOnce = 2

/** The member that an image config gets with `type=inline`; undefined when that is not asked for. */
export function inlineCache(job: ExportJob): Readonly<Record<string, unknown>> | undefined {
  if (!job.request.cacheTo.some(({ type }) => type === 'inline')) return undefined
  return { [inlineCacheKey]: cacheDocument(collectRecords(job, 'min')) }
}

export async function exportCaches(job: ExportJob, signal: AbortSignal): Promise<void> {
  for (const location of job.request.cacheTo) {
    if (location.type === 'inline') continue
    const name = `exporting cache to ${location.type === 'local' ? location.path : location.reference}`
    await job.around(name, () => exportCache(job, location, signal))
  }
}

async function exportCache(
  job: ExportJob,
  location: Exclude<CacheLocation, { readonly type: 'inline' }>,
  signal: AbortSignal,
): Promise<void> {
  const records = collectRecords(job, location.mode)
  const wanted = new Map<DiffId, ResultLayer>()
  for (const { stored } of records) {
    for (const layer of decodeResult(stored).layers) {
      if (layer.createdAt !== undefined) wanted.set(layer.diffId, layer)
    }
  }
  const { images, lease } = job
  const layers = await mapPool(
    [...wanted.values()],
    layersAtOnce,
    async ({ chainId, diffId }, poolSignal): Promise<SharedLayer> => {
      const either = AbortSignal.any([signal, poolSignal])
      const blob = await images.layerBlobs.get({ chainId, diffId }, lease, either)
      return { diffId, blob }
    },
  )
  await writeCache(job, { location, layers, document: cacheDocument(records) }, signal)
}

/**
 * The records that this build used or made. `max`: of every step; `min`: of those whose
 * layers are the image's.
 */
function collectRecords({ built, cache, startedAt }: ExportJob, mode: Mode): SharedRecord[] {
  const ops = new Set(built.flatMap(opsOf))
  const own = new Set(built.flatMap(chainOf))
  const since = millisOf(startedAt)
  return cache.list().flatMap((entry): SharedRecord[] => {
    const { ingredients, stored } = entry
    if (millisOf(entry.lastUsedAt) < since || !ops.has(ingredients.op)) return []
    const top = decodeResult(stored).layers.at(-1)
    // What ends with a base image's layer is that image: nothing was made.
    if (top?.createdAt === undefined) return []
    if (mode === 'min' && !own.has(top.chainId)) return []
    return [{ stored, ingredients: shareable(ingredients), keys: cache.keysOf(entry.id) }]
  })
}

/** What a build was given stays here. */
function shareable({ name, text, op, inputs }: KeyIngredients): KeyIngredients {
  return { name, text, op, inputs: inputs.map(({ use, digest }) => ({ use, digest })) }
}

function opsOf({ graph }: BuiltPlatform): Digest[] {
  return [...graph.vertices.values()].map(({ op }) => opDigest(op))
}

function chainOf({ result }: BuiltPlatform): ChainId[] {
  return result.layers.map(({ chainId }) => chainId)
}
