/** `--squash`: the layers that a build added become one, over those of its base image. */
import { formatInstant, now } from '#base/clock.ts'
import { EngineError } from '#base/errors.ts'
import { undoing } from '#base/undo.ts'
import type { BuiltPlatform } from '#build/builder/built.ts'
import type { ExportJob } from '#build/export/job.ts'
import { sourceDateEpoch } from '#build/graph/options.ts'
import type { ResultLayer } from '#build/ops/result.ts'
import type { HistoryEntry, ImageConfig } from '#oci/descriptor.ts'
import { chainIds, digestOf, parseDigest, parseDiffId } from '#oci/digest.ts'
import { createTarParser } from '#oci/tar/parser.ts'
import { defaultTarLimits } from '#oci/tar/types.ts'
import { parseWhiteout } from '#oci/whiteout.ts'
import { openLayerExtractor } from '#sys/tar/extractor.ts'
import { digestLayer } from '#sys/trees/jobs.ts'

/** The job with its results squashed. */
export async function squash(job: ExportJob, signal: AbortSignal): Promise<ExportJob> {
  const built: BuiltPlatform[] = []
  for (const one of job.built) built.push(await squashPlatform(job, one, signal))
  return { ...job, built }
}

async function squashPlatform(
  job: ExportJob,
  built: BuiltPlatform,
  signal: AbortSignal,
): Promise<BuiltPlatform> {
  const { layers } = built.result
  const count = layers.findIndex(({ createdAt }) => createdAt !== undefined)
  const [base, added] = [layers.slice(0, count), layers.slice(count)]
  if (count < 0 || added.length < 2) return built
  const layer = await mergeLayers(job, { base, added }, signal)
  const config = squashedConfig(built.config, { base, layer })
  return { ...built, config, result: { kind: 'snapshot', layers: [...base, layer] } }
}

interface Stack {
  readonly base: readonly ResultLayer[]
  readonly added: readonly ResultLayer[]
}

/** Extracts the layers over each other into one directory; what a later one removes goes first. */
async function mergeLayers(
  { lease, machine, request }: ExportJob,
  { added, base }: Stack,
  signal: AbortSignal,
): Promise<ResultLayer> {
  const { snapshots } = machine.stores
  const ingest = await snapshots.beginLayer(lease)
  await using undo = new AsyncDisposableStack()
  undo.defer(undoing(machine.log, 'drop layer', () => snapshots.abortLayer(ingest)))
  const { directory } = ingest
  for (const layer of added) {
    const read = () => machine.images.layerBlobs.tar(layer, signal)
    const removes = await removedPaths(read())
    await using extractor = openLayerExtractor({ directory, removes, signal })
    for await (const chunk of read()) await extractor.write(chunk)
    await extractor.finish()
  }
  const digest = await digestLayer(directory, sourceDateEpoch(request), signal)
  const diffId = parseDiffId(digest.diffId)
  const chain = chainIds([...base.map((layer) => layer.diffId), diffId])
  const name = chain.at(-1)
  if (!name) throw new EngineError('internal', 'squash: no layers')
  const parent = chain.at(-2)
  undo.move()
  const committed = { name, diffId, sizeBytes: digest.sizeBytes }
  await snapshots.commitLayer(ingest, { ...committed, ...(parent ? { parent } : {}) })
  const { sizeBytes, tarBytes } = digest
  const contentDigest = parseDigest(digest.contentDigest)
  return { chainId: name, diffId, contentDigest, sizeBytes, tarBytes, createdAt: now() }
}

/** What a layer hides of those below: paths, and directories that it makes anew. */
async function removedPaths(tar: AsyncIterable<Uint8Array>): Promise<string[]> {
  const removed: string[] = []
  const ignore = () => undefined
  const parser = createTarParser(
    {
      entry({ path }) {
        const slash = path.lastIndexOf('/')
        const whiteout = parseWhiteout(path.slice(slash + 1))
        const parent = path.slice(0, Math.max(slash, 0))
        if (whiteout.type === 'opaque') removed.push(parent)
        if (whiteout.type === 'remove') removed.push(`${parent}/${whiteout.name}`)
      },
      content: ignore,
      endEntry: ignore,
    },
    defaultTarLimits,
  )
  for await (const chunk of tar) parser.push(chunk)
  parser.end()
  return removed.filter((path) => path !== '')
}

/** History stays, told of layers that are no more; the merge is its last entry. */
function squashedConfig(
  config: ImageConfig,
  { base, layer }: { readonly base: readonly ResultLayer[]; readonly layer: ResultLayer },
): ImageConfig {
  const diffIds = [...base.map(({ diffId }) => diffId), layer.diffId]
  const from = digestOf(JSON.stringify(config))
  const to = base.at(-1)?.chainId ?? ''
  let seen = 0
  const history = (config.history ?? []).map((entry): HistoryEntry => {
    if (entry.empty_layer === true || seen++ < base.length) return entry
    return { ...entry, empty_layer: true }
  })
  const created = config.created ?? formatInstant(now())
  return {
    ...config,
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: [...history, { created, comment: `merge ${from} to ${to}` }],
  }
}
