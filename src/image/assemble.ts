/** An image whose layers are unpacked becomes a record. */
import { now, parseInstant, zeroTime } from '#base/clock.ts'
import { EngineError } from '#base/errors.ts'
import type { Descriptor, ImageConfig } from '#oci/descriptor.ts'
import { chainIds, type Digest } from '#oci/digest.ts'
import { configPlatform } from '#oci/image-config.ts'
import type { ImageName } from '#image/catalog.ts'
import type { ImageFacts } from '#image/record-codec.ts'
import type { ImageRecords } from '#image/records.ts'
import { findTime } from '#image/time.ts'
import type { Snapshotter } from '#store/types.ts'

export interface ImageParts {
  readonly config: ImageConfig
  /** The config's own descriptor: its digest is the image id. */
  readonly configDescriptor: Descriptor
  readonly manifest: Descriptor
  readonly layers: readonly Descriptor[]
  readonly index?: Descriptor
  /** What else the index names and is to be kept. */
  readonly attached?: readonly Digest[]
}

/**
 * Writes the record and its names.
 * @returns true when the image did not have the first of the names before
 */
export function recordImage(
  deps: { readonly records: ImageRecords; readonly snapshots: Snapshotter },
  parts: ImageParts,
  names: readonly ImageName[],
): boolean {
  const { records } = deps
  const id = parts.configDescriptor.digest
  const [first] = names
  const isNew = first ? records.named(first.name)?.id !== id : records.get(id) === undefined
  const taggedBefore = records.facts(id)?.lastTaggedAt
  const lastTaggedAt = first && isNew ? now() : taggedBefore
  const facts: ImageFacts = {
    id,
    manifest: parts.manifest,
    ...(parts.index ? { index: parts.index } : {}),
    ...(parts.attached ? { attached: parts.attached } : {}),
    config: parts.config,
    layers: parts.layers,
    sizeBytes: unpackedSize(deps.snapshots, parts.config),
    createdAt: findTime(parts.config.created) ?? parseInstant(zeroTime),
    ...(lastTaggedAt === undefined ? {} : { lastTaggedAt }),
  }
  records.put(facts, names)
  return isNew
}

/** @throws EngineError invalid_argument for images of other operating systems */
export function checkOperatingSystem(config: ImageConfig): void {
  const { os } = configPlatform(config)
  if (os === 'linux') return
  throw new EngineError(
    'invalid_argument',
    `image operating system "${os}" cannot be used on this platform: operating system is not supported`,
  )
}

function unpackedSize(snapshots: Snapshotter, config: ImageConfig): number {
  const sizes = layerSizes(snapshots)
  const chain = chainIds(config.rootfs.diff_ids)
  return chain.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0)
}

/** Unpacked sizes in bytes by chainID. */
export function layerSizes(snapshots: Snapshotter): Map<string, number> {
  const committed = [...snapshots.listCommitted()]
  return new Map(committed.map(({ name, sizeBytes }) => [name, sizeBytes]))
}
