/**
 * Layers become snapshots. Each layer's bytes are stored and extracted as they arrive, several
 * layers at once; they are committed parent first. A layer that is there already costs nothing.
 */
import { mapPool } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import { undoing } from '#base/undo.ts'
import type { Descriptor } from '#oci/descriptor.ts'
import { type ChainId, chainIds, type DiffId } from '#oci/digest.ts'
import type { LayerIngest, Lease, Stores } from '#store/types.ts'
import { createCommitChain, type ExtractedLayer } from '#image/commit-chain.ts'
import { openLayerExtractor } from '#sys/tar/extractor.ts'

export interface UnpackDeps {
  readonly stores: Pick<Stores, 'content' | 'snapshots'>
  readonly log: Logger
}

/** One layer of an image, where its bytes come from, and who wants to know. */
export interface LayerJob {
  readonly descriptor: Descriptor
  readonly diffId: DiffId
  /** Brings the blob into the content store, showing each chunk to `tee`. */
  readonly fetch: (
    tee: (chunk: Uint8Array) => Promise<void>,
    signal: AbortSignal,
  ) => Promise<unknown>
  readonly onPhase: (phase: LayerPhase) => void
}

export type LayerPhase = 'exists' | 'pending' | 'started' | 'extracting' | 'done'

export interface UnpackOptions {
  /** Lowest first. */
  readonly jobs: readonly LayerJob[]
  readonly lease: Lease
  readonly concurrency: number
}

/** @throws EngineError data_loss when a layer's content is not what the image config says */
export async function unpackLayers(
  deps: UnpackDeps,
  options: UnpackOptions,
  signal: AbortSignal,
): Promise<void> {
  const { jobs, lease } = options
  const chain = chainIds(jobs.map(({ diffId }) => diffId))
  const present = countPresent(deps, chain, lease)
  for (const [index, job] of jobs.entries()) job.onPhase(index < present ? 'exists' : 'pending')
  const missing = jobs.slice(present).map((job, offset): MissingLayer => {
    const parent = chain[present + offset - 1]
    const name = chainAt(chain, present + offset)
    return { job, offset, name, ...(parent === undefined ? {} : { parent }) }
  })
  const commits = createCommitChain(missing.length)
  try {
    await mapPool(missing, options.concurrency, async (layer, poolSignal) => {
      const either = AbortSignal.any([signal, poolSignal])
      commits.add(layer.offset, await extract({ ...deps, lease }, layer, either))
    })
  } finally {
    await commits.close()
  }
  commits.check()
  const top = chain.at(-1)
  // Layers that were there already may be a build's, not on disk for sure.
  if (top) await deps.stores.snapshots.makeDurable(top)
}

interface MissingLayer {
  readonly job: LayerJob
  /** Among the missing ones, lowest first. */
  readonly offset: number
  readonly name: ChainId
  readonly parent?: ChainId
}

/** How many of the lowest layers are there already. Held first, so that gc cannot take them now. */
function countPresent(deps: UnpackDeps, chain: readonly ChainId[], lease: Lease): number {
  for (let count = chain.length; count > 0; count--) {
    const top = chainAt(chain, count - 1)
    if (!deps.stores.snapshots.has(top)) continue
    lease.keepSnapshot(top)
    if (deps.stores.snapshots.has(top)) return count
  }
  return 0
}

function chainAt(chain: readonly ChainId[], index: number): ChainId {
  const name = chain[index]
  if (name === undefined) throw new EngineError('internal', `unpack: no layer ${index}`)
  return name
}

async function extract(
  deps: UnpackDeps & { readonly lease: Lease },
  layer: MissingLayer,
  signal: AbortSignal,
): Promise<ExtractedLayer> {
  const { snapshots } = deps.stores
  const { job, name, parent } = layer
  const ingest = await snapshots.beginLayer(deps.lease)
  const abort = undoing(deps.log, 'drop layer', () => snapshots.abortLayer(ingest))
  try {
    const sizeBytes = await fill(job, ingest, signal)
    return {
      abort,
      async commit() {
        const layerFacts = { name, diffId: job.diffId, sizeBytes }
        await snapshots.commitLayer(ingest, { ...layerFacts, ...(parent ? { parent } : {}) })
        job.onPhase('done')
      },
    }
  } catch (error) {
    await abort()
    throw error
  }
}

/** Fetches and extracts one layer; gives the size of its files. */
async function fill(job: LayerJob, ingest: LayerIngest, signal: AbortSignal): Promise<number> {
  job.onPhase('started')
  const extractor = openLayerExtractor({ directory: ingest.directory, signal })
  try {
    await job.fetch((chunk) => extractor.write(chunk), signal)
    job.onPhase('extracting')
    const { diffId, sizeBytes } = await extractor.finish()
    if (diffId !== job.diffId) {
      throw new EngineError('data_loss', "layers from manifest don't match image configuration", {
        hint: `layer ${job.descriptor.digest} holds ${diffId} instead of ${job.diffId}`,
      })
    }
    return sizeBytes
  } catch (error) {
    await extractor.abort()
    throw error
  }
}
