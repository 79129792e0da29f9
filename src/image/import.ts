/** `docker import`: a root filesystem becomes an image of one layer. */
import { formatInstant, now } from '#base/clock.ts'
import type { Logger } from '#base/log.ts'
import { undoing } from '#base/undo.ts'
import { type Descriptor, type ImageConfig, mediaTypes } from '#oci/descriptor.ts'
import { chainIds, type DiffId, parseDiffId } from '#oci/digest.ts'
import { hostPlatform, normalizePlatform } from '#oci/platform.ts'
import { familiarName, withDefaultTag } from '#oci/reference.ts'
import { recordImage } from '#image/assemble.ts'
import { describeLayer, storeBytes, storeManifest } from '#image/build-manifest.ts'
import { applyChanges } from '#image/changes.ts'
import { describeSource, openRootfs } from '#image/import-source.ts'
import { getImage } from '#image/lookup.ts'
import { status } from '#image/progress.ts'
import type { ImageRecords } from '#image/records.ts'
import type { Image, ImageEvent, ImportOptions, ImportRootfs } from '#image/types.ts'
import type { Lease, Stores } from '#store/types.ts'
import { undoForeignCompression } from '#sys/foreign-compression.ts'
import { openLayerExtractor } from '#sys/tar/extractor.ts'

export interface ImportDeps {
  readonly stores: Stores
  readonly records: ImageRecords
  readonly log: Logger
  readonly onEvent: (event: ImageEvent) => void
}

export interface ImportSource extends ImportOptions {
  /** A tar, plain or compressed. */
  readonly rootfs: ImportRootfs
}

/** @throws EngineError invalid_argument for a bad change, data_loss for a damaged archive */
export async function importImage(
  deps: ImportDeps,
  source: ImportSource,
  signal: AbortSignal,
): Promise<Image> {
  const runConfig = applyChanges({}, source.changes ?? [])
  const { content, leases, snapshots } = deps.stores
  const onProgress = source.onProgress ?? (() => undefined)
  const archive = await openRootfs(source.rootfs, onProgress, signal)
  await using lease = await leases.open('import image')
  const { layer, diffId } = await storeLayer(deps, { archive, lease }, signal)
  const config = { ...baseConfig(source, diffId), config: runConfig }
  const configBytes = new TextEncoder().encode(JSON.stringify(config))
  const configDescriptor = await storeBytes({ content, lease }, mediaTypes.ociConfig, configBytes)
  const manifest = await storeManifest({ content, lease }, configDescriptor, [layer])
  const { reference } = source
  const names =
    reference === undefined
      ? []
      : [{ type: 'tag' as const, name: familiarName(withDefaultTag(reference)) }]
  const parts = { config, configDescriptor, manifest, layers: [layer] }
  recordImage({ records: deps.records, snapshots }, parts, names)
  const id = configDescriptor.digest
  deps.onEvent({ action: 'import', id, attributes: { ...runConfig.Labels, name: id } })
  onProgress(status(id))
  return getImage(deps.records, id)
}

async function storeLayer(
  deps: ImportDeps,
  { archive, lease }: { readonly archive: AsyncIterable<Uint8Array>; readonly lease: Lease },
  signal: AbortSignal,
): Promise<{ layer: Descriptor; diffId: DiffId }> {
  const { content, snapshots } = deps.stores
  const ingest = await snapshots.beginLayer(lease)
  await using undo = new AsyncDisposableStack()
  undo.defer(undoing(deps.log, 'drop layer', () => snapshots.abortLayer(ingest)))
  await using extractor = openLayerExtractor({ directory: ingest.directory, signal })
  const digest = await content.ingest(
    {
      lease,
      source: () => undoForeignCompression(archive),
      tee: (chunk) => extractor.write(chunk),
    },
    signal,
  )
  const extracted = await extractor.finish()
  const diffId = parseDiffId(extracted.diffId)
  const [name] = chainIds([diffId])
  undo.move()
  if (name) await snapshots.commitLayer(ingest, { name, diffId, sizeBytes: extracted.sizeBytes })
  return { layer: await describeLayer(content, digest), diffId }
}

function baseConfig(source: ImportSource, diffId: DiffId): ImageConfig {
  const created = formatInstant(now())
  const { os, architecture, variant } = normalizePlatform(source.platform ?? hostPlatform())
  const comment = source.message || `Imported from ${describeSource(source.rootfs)}`
  return {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    created,
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created, comment }],
  }
}
