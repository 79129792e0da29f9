/**
 * What a vertex makes. Everything with files is a stack of committed layers, also a fetched
 * file or a checkout; only build contexts stay the directories that they are.
 */
import { type Instant, formatInstant, parseInstant } from '#base/clock.ts'
import {
  decodeInteger,
  decodeList,
  decodeObject,
  decodeText,
  parseJsonObject,
} from '#oci/decode.ts'
import { branded } from '#base/brand.ts'
import {
  type ChainId,
  type DiffId,
  type Digest,
  digestOf,
  parseDigest,
  parseDiffId,
} from '#oci/digest.ts'

export type BuildResult = SnapshotResult | ContextResult

export interface SnapshotResult {
  readonly kind: 'snapshot'
  /** Lowest first; none for `scratch`. */
  readonly layers: readonly ResultLayer[]
}

export interface ResultLayer {
  /** The name of the committed snapshot of this layer and all below it. */
  readonly chainId: ChainId
  readonly diffId: DiffId
  /** Digest of the layer's files without their times; of a base image's layer its diffID. */
  readonly contentDigest: Digest
  /** Sum of the sizes of the files. */
  readonly sizeBytes: number
  /** Length of the uncompressed tar; 0 for a base image's layer. */
  readonly tarBytes: number
  /** When the step made it; undefined for a base image's layer, whose history says it. */
  readonly createdAt?: Instant
}

/** A context's directory, as far as its ignore patterns show it. */
export interface ContextResult {
  readonly kind: 'context'
  readonly path: string
  readonly ignore: readonly string[]
}

export const emptyResult: SnapshotResult = { kind: 'snapshot', layers: [] }

/** The chainID of the topmost layer. */
export function topOf({ layers }: SnapshotResult): ChainId | undefined {
  return layers.at(-1)?.chainId
}

export function identityOf({ layers }: SnapshotResult): Digest {
  return digestOf(layers.map(({ contentDigest }) => contentDigest).join('\n'))
}

export function encodeResult({ layers }: SnapshotResult): string {
  const rows = layers.map(({ createdAt, ...layer }) => ({
    ...layer,
    ...(createdAt === undefined ? {} : { createdAt: formatInstant(createdAt) }),
  }))
  return JSON.stringify({ layers: rows })
}

/** @throws EngineError invalid_argument when the row is damaged */
export function decodeResult(text: string): SnapshotResult {
  const json = parseJsonObject(Buffer.from(text), 'build result')
  return { kind: 'snapshot', layers: decodeList(decodeLayer)(json['layers'], 'layers') }
}

function decodeLayer(value: unknown, path: string): ResultLayer {
  const json = decodeObject(value, path)
  const created = json['createdAt']
  return {
    chainId: branded<ChainId>(parseDigest(decodeText(json['chainId'], `${path}.chainId`))),
    diffId: parseDiffId(decodeText(json['diffId'], `${path}.diffId`)),
    contentDigest: parseDigest(decodeText(json['contentDigest'], `${path}.contentDigest`)),
    sizeBytes: decodeInteger(json['sizeBytes'], `${path}.sizeBytes`),
    tarBytes: decodeInteger(json['tarBytes'], `${path}.tarBytes`),
    ...(created === undefined ? {} : { createdAt: parseInstant(decodeText(created, path)) }),
  }
}
