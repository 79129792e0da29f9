/**
 * Whiteouts (OCI image-spec layer.md): an empty file `.wh.NAME` in a layer says
 * that NAME of the layers below is gone; `.wh..wh..opq` says so of everything
 * else in its directory.
 */
export type Whiteout =
  | { readonly type: 'none' }
  /** `name` below is hidden. */
  | { readonly type: 'remove'; readonly name: string }
  /** All that the layers below have in this directory is hidden. */
  | { readonly type: 'opaque' }
  /** Bookkeeping of the old aufs driver: has no meaning. */
  | { readonly type: 'metadata' }
  | { readonly type: 'invalid' }

const prefix = '.wh.'
const metadataPrefix = '.wh..wh.'
const none: Whiteout = { type: 'none' }

/** Classifies the last component of a path. */
export function parseWhiteout(name: string): Whiteout {
  if (!name.startsWith(prefix)) return none
  if (name === `${metadataPrefix}.opq`) return { type: 'opaque' }
  if (name.startsWith(metadataPrefix)) return { type: 'metadata' }
  const hidden = name.slice(prefix.length)
  if (hidden === '' || hidden === '.' || hidden === '..') return { type: 'invalid' }
  return { type: 'remove', name: hidden }
}

export function formatWhiteout(name: string): string {
  return prefix + name
}

export const opaqueWhiteout = `${metadataPrefix}.opq`
