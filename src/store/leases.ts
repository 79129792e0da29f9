import { randomId } from '#base/ids.ts'
import type { ChainId, Digest } from '#oci/digest.ts'
import { chainIdFromColumn, digestFromColumn, leaseIdFrom } from '#store/brands.ts'
import type { Lease, Leases, MetadataDb } from '#store/types.ts'

/** What gc asks of the leases. */
export interface LeaseBook extends Leases {
  heldContent(): Set<Digest>
  heldSnapshots(): Set<ChainId>
  /** Also remembers what is kept from now on, even by leases that close meanwhile. */
  watch(): LeaseWatch
}

export interface LeaseWatch extends Disposable {
  readonly content: ReadonlySet<Digest>
  readonly snapshots: ReadonlySet<ChainId>
}

const migrations = [
  'CREATE TABLE leases (id TEXT PRIMARY KEY, purpose TEXT NOT NULL, opened_at INTEGER NOT NULL) STRICT',
  `CREATE TABLE lease_content (lease TEXT NOT NULL REFERENCES leases ON DELETE CASCADE,
     digest TEXT NOT NULL, PRIMARY KEY (lease, digest)) STRICT, WITHOUT ROWID`,
  `CREATE TABLE lease_snapshots (lease TEXT NOT NULL REFERENCES leases ON DELETE CASCADE,
     name TEXT NOT NULL, PRIMARY KEY (lease, name)) STRICT, WITHOUT ROWID`,
]

interface Watch {
  readonly content: Set<Digest>
  readonly snapshots: Set<ChainId>
}

/** Leases of an earlier engine are dropped: whatever they were for is not going on any more. */
export function openLeases(db: MetadataDb): LeaseBook {
  db.migrate('leases', migrations)
  db.run('DELETE FROM leases')
  const watches = new Set<Watch>()
  return {
    async open(purpose) {
      return createLease(db, purpose, watches)
    },
    heldContent: () =>
      new Set(
        db.all('SELECT digest FROM lease_content').map((row) => digestFromColumn(row['digest'])),
      ),
    heldSnapshots: () =>
      new Set(
        db.all('SELECT name FROM lease_snapshots').map((row) => chainIdFromColumn(row['name'])),
      ),
    watch() {
      const watch: Watch = { content: new Set(), snapshots: new Set() }
      watches.add(watch)
      return { ...watch, [Symbol.dispose]: () => void watches.delete(watch) }
    },
  }
}

function createLease(db: MetadataDb, purpose: string, watches: ReadonlySet<Watch>): Lease {
  const id = leaseIdFrom(randomId())
  db.run('INSERT INTO leases VALUES (?, ?, ?)', id, purpose, Date.now())
  return {
    id,
    keepContent(digest) {
      db.run('INSERT OR IGNORE INTO lease_content VALUES (?, ?)', id, digest)
      for (const watch of watches) watch.content.add(digest)
    },
    keepSnapshot(chainId) {
      db.run('INSERT OR IGNORE INTO lease_snapshots VALUES (?, ?)', id, chainId)
      for (const watch of watches) watch.snapshots.add(chainId)
    },
    async [Symbol.asyncDispose]() {
      db.run('DELETE FROM leases WHERE id = ?', id)
    },
  }
}
