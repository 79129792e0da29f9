/**
 * Digests of selections of snapshots. A snapshot never changes, so what COPY reads of it is
 * digested once, however often a build is repeated.
 */
import { canonicalJson } from '#build/graph/canonical.ts'
import { type ChainId, type Digest, digestOf, parseDigest } from '#oci/digest.ts'
import type { MetadataDb } from '#store/types.ts'
import type { Selection } from '#sys/trees/messages.ts'

export interface SelectionCache {
  find(chainId: ChainId, selection: Selection): Digest | undefined
  put(chainId: ChainId, selection: Selection, digest: Digest): void
}

const maxEntries = 20_000

const migrations = [
  `CREATE TABLE build_selection (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, digest TEXT NOT NULL)`,
]

export function openSelectionCache(db: MetadataDb): SelectionCache {
  db.migrate('build-selection', migrations)
  return {
    find(chainId, selection) {
      const row = db.get(
        'SELECT digest FROM build_selection WHERE key = ?',
        keyOf(chainId, selection),
      )
      return row && parseDigest(String(row['digest']))
    },
    put(chainId, selection, digest) {
      const key = keyOf(chainId, selection)
      const row = db.get(
        'INSERT OR REPLACE INTO build_selection (key, digest) VALUES (?, ?) RETURNING id',
        key,
        digest,
      )
      // The oldest go; a digest that is missing costs a walk, nothing else.
      db.run('DELETE FROM build_selection WHERE id <= ?', Number(row?.['id']) - maxEntries)
    },
  }
}

function keyOf(chainId: ChainId, selection: Selection): Digest {
  return digestOf(canonicalJson({ chainId, selection }))
}
