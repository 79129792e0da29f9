/**
 * The build cache as an OCI artifact. A manifest whose config lists cache records, and whose
 * layers are the blobs of the layers that the records' results consist of; each names the
 * layer's diffID in an annotation. Inside an image (`inline`) the list is a member of the image
 * config and the layers are the image's own. Layers of base images are left out: whoever can use
 * a record has the base image. docs/build-cache.md tells the format in full.
 */
import { branded } from '#base/brand.ts'
import { EngineError } from '#base/errors.ts'
import { decodeResult } from '#build/ops/result.ts'
import type { CacheKey, CacheRecord, InputUse } from '#build/solver/types.ts'
import { decodeList, decodeObject, decodeText, type JsonObject } from '#oci/decode.ts'
import type { Descriptor } from '#oci/descriptor.ts'
import { chainIds, type DiffId, parseDigest } from '#oci/digest.ts'

export const cacheConfigType = 'application/vnd.gantry.buildcache.config.v1+json'
export const diffIdAnnotation = 'gantry.buildcache.diff-id'
/** Member of an image config; BuildKit's inline cache has another name and another form. */
export const inlineCacheKey = 'gantry.buildcache.v1'
const formatVersion = 1

export interface CacheDocument {
  readonly version: number
  readonly records: readonly SharedRecord[]
}

/** A cache record with the keys that lead to it. */
export interface SharedRecord extends CacheRecord {
  readonly keys: readonly CacheKey[]
}

/** A cache as it is read from somewhere. */
export interface SharedCache {
  readonly records: readonly SharedRecord[]
  readonly blobs: ReadonlyMap<DiffId, Descriptor>
}

export function cacheDocument(records: readonly SharedRecord[]): CacheDocument {
  return { version: formatVersion, records }
}

/** @throws EngineError invalid_argument for what is none, or of a later version */
export function decodeCacheDocument(value: unknown): SharedRecord[] {
  const json = decodeObject(value, 'build cache')
  if (json['version'] !== formatVersion) {
    throw new EngineError('invalid_argument', 'read build cache: its version is not known')
  }
  return decodeList(decodeRecord)(json['records'], 'records')
}

function decodeRecord(value: unknown, path: string): SharedRecord {
  const json = decodeObject(value, path)
  const stored = decodeText(json['stored'], `${path}.stored`)
  checkChain(stored)
  const keys = decodeList(decodeText)(json['keys'], `${path}.keys`)
  return {
    stored,
    keys: keys.map((key) => branded<CacheKey>(parseDigest(key))),
    ingredients: decodeIngredients(decodeObject(json['ingredients'], `${path}.ingredients`)),
  }
}

/** Whoever wrote it must not be able to name one layer and mean another. */
function checkChain(stored: string): void {
  const { layers } = decodeResult(stored)
  const chain = chainIds(layers.map(({ diffId }) => diffId))
  if (layers.every(({ chainId }, index) => chainId === chain[index])) return
  throw new EngineError('invalid_argument', 'read build cache: chainIDs and diffIDs differ')
}

function decodeIngredients(json: JsonObject): CacheRecord['ingredients'] {
  const name = decodeText(json['name'], 'name')
  return {
    name,
    text: json['text'] === undefined ? name : decodeText(json['text'], 'text'),
    op: parseDigest(decodeText(json['op'], 'op')),
    inputs: decodeList((value, path) => {
      const input = decodeObject(value, path)
      const digest = input['digest']
      return {
        use: decodeUse(input['use'], path),
        digest: digest === null ? null : parseDigest(decodeText(digest, path)),
      }
    })(json['inputs'], 'inputs'),
  }
}

function decodeUse(value: unknown, path: string): InputUse['use'] {
  if (value === 'whole' || value === 'selection' || value === 'none') return value
  throw new EngineError('invalid_argument', `decode ${path}.use: not a use`)
}
