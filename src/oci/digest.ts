import { createHash } from 'node:crypto'
import { type Brand, branded } from '#base/brand.ts'
import { EngineError } from '#base/errors.ts'

/** `algorithm:hex` of exact bytes. Made only by this file's functions. */
export type Digest = Brand<string, 'Digest'>
/** Digest of a layer's uncompressed tar. */
export type DiffId = Brand<Digest, 'DiffId'>
/** Identity of a stack of diffIDs (OCI image spec, config.md "Layer ChainID"). */
export type ChainId = Brand<Digest, 'ChainId'>

const hexLength: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 }

/** @throws EngineError invalid_argument when the algorithm or the length is off */
export function parseDigest(text: string): Digest {
  const [algorithm = '', hex = '', ...rest] = text.split(':')
  if (rest.length > 0 || !/^[a-f0-9]+$/.test(hex) || hexLength[algorithm] !== hex.length) {
    throw new EngineError('invalid_argument', `parse digest "${text}": invalid digest format`)
  }
  return branded<Digest>(text)
}

export function parseDiffId(text: string): DiffId {
  return branded<DiffId>(parseDigest(text))
}

/** The sha256 digest of `bytes`. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return branded<Digest>(`sha256:${createHash('sha256').update(bytes).digest('hex')}`)
}

/** The digest of `bytes` in the algorithm that another digest of them uses. */
export function digestOfAlgorithm(algorithm: 'sha256' | 'sha512', bytes: Uint8Array): Digest {
  return branded<Digest>(`${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`)
}

export function digestAlgorithm(digest: Digest): 'sha256' | 'sha512' {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256'
}

export function digestHex(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1)
}

/** The chainIDs of every prefix of `diffIds`, lowest first; the last names the whole stack. */
export function chainIds(diffIds: readonly DiffId[]): ChainId[] {
  const chain: ChainId[] = []
  for (const diffId of diffIds) {
    const parent = chain.at(-1)
    chain.push(branded<ChainId>(parent === undefined ? diffId : digestOf(`${parent} ${diffId}`)))
  }
  return chain
}
