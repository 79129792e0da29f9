/** An image record as JSON text in its row. Reading checks everything: rows outlive engines. */
import { type Instant, instantFromNanos } from '#base/clock.ts'
import { EngineError } from '#base/errors.ts'
import {
  decodeList,
  decodeObject,
  decodeSize,
  decodeText,
  member,
  parseJsonObject,
} from '#oci/decode.ts'
import type { Descriptor, ImageConfig, Platform } from '#oci/descriptor.ts'
import { type ChainId, chainIds, type Digest, parseDigest } from '#oci/digest.ts'
import { configPlatform, decodeImageConfig } from '#oci/image-config.ts'
import { decodeDescriptor } from '#oci/manifest.ts'
import type { ImageId } from '#image/types.ts'

/** What is stored of an image; its names are rows of their own. */
export interface ImageFacts {
  readonly id: ImageId
  readonly manifest: Descriptor
  readonly index?: Descriptor
  readonly config: ImageConfig
  /** Blobs of the layers, lowest first. */
  readonly layers: readonly Descriptor[]
  /** What else the index names and is kept: other platforms, attestations. */
  readonly attached?: readonly Digest[]
  readonly sizeBytes: number
  readonly createdAt: Instant
  readonly lastTaggedAt?: Instant
}

export function encodeFacts(facts: ImageFacts): string {
  const { createdAt, lastTaggedAt, ...rest } = facts
  return JSON.stringify({
    ...rest,
    createdAt: String(createdAt),
    ...(lastTaggedAt === undefined ? {} : { lastTaggedAt: String(lastTaggedAt) }),
  })
}

/** @throws EngineError invalid_argument when the text is damaged or is another image's */
export function decodeFacts(id: string, text: string): ImageFacts {
  const json = parseJsonObject(Buffer.from(text), 'image record')
  const facts: ImageFacts = {
    id: parseDigest(decodeText(json['id'], 'id')),
    manifest: decodeDescriptor(json['manifest'], 'manifest'),
    ...member(json, 'index', decodeDescriptor),
    config: decodeImageConfig(decodeObject(json['config'], 'config')),
    layers: decodeList(decodeDescriptor)(json['layers'], 'layers'),
    ...member(json, 'attached', decodeList(decodeDigest)),
    sizeBytes: decodeSize(json['sizeBytes'], 'sizeBytes'),
    createdAt: decodeInstant(json['createdAt'], 'createdAt'),
    ...member(json, 'lastTaggedAt', decodeInstant),
  }
  if (facts.id !== id) throw new EngineError('invalid_argument', `decode image record: not ${id}'s`)
  return facts
}

export function platformOf(facts: ImageFacts): Platform {
  return configPlatform(facts.config)
}

/** Undefined for an image without layers. */
export function chainIdOf(facts: ImageFacts): ChainId | undefined {
  return chainIds(facts.config.rootfs.diff_ids).at(-1)
}

/** Every blob that the image consists of. */
export function contentOf(facts: ImageFacts): Digest[] {
  const { attached = [], id, index, manifest, layers } = facts
  const blobs = [manifest.digest, id, ...layers.map(({ digest }) => digest), ...attached]
  return index ? [...blobs, index.digest] : blobs
}

function decodeDigest(value: unknown, path: string): Digest {
  return parseDigest(decodeText(value, path))
}

function decodeInstant(value: unknown, path: string): Instant {
  const text = decodeText(value, path)
  if (!/^-?\d{1,30}$/.test(text)) {
    throw new EngineError('invalid_argument', `decode ${path}: not a time`)
  }
  return instantFromNanos(BigInt(text))
}
