import { branded } from '#base/brand.ts'
import { canonicalJson } from '#build/graph/canonical.ts'
import type { Op } from '#build/graph/types.ts'
import type { CacheKey, InputUse } from '#build/solver/types.ts'
import { type Digest, digestOf } from '#oci/digest.ts'

export interface KeyInput {
  readonly use: InputUse['use']
  /** Undefined when this kind of key of the input is not known. */
  readonly digest: Digest | undefined
}

export function opDigest(op: Op): Digest {
  return digestOf(canonicalJson(op))
}

/**
 * The key of an operation over its inputs; undefined as soon as one that counts is
 * unknown. Keys made of definitions and of contents live in one space: both say
 * "this operation on exactly these inputs".
 */
export function cacheKey(op: Digest, inputs: readonly KeyInput[]): CacheKey | undefined {
  const parts: string[] = []
  for (const { use, digest } of inputs) {
    if (use === 'none') continue
    if (digest === undefined) return undefined
    parts.push(`${use} ${digest}`)
  }
  return branded<CacheKey>(digestOf([op, ...parts].join('\n')))
}
