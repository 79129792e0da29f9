/**
 * Brands for what comes back from our own tables. The values went in branded,
 * so they are not parsed again.
 */
import type { ChainId, DiffId, Digest } from '#oci/digest.ts'
import type { LeaseId, SnapshotKey, SqlValue } from '#store/types.ts'

/* oxlint-disable typescript/no-unsafe-type-assertion -- the one place that brands stored values */

export function digestFromColumn(value: SqlValue | undefined): Digest {
  return value as Digest
}

export function chainIdFromColumn(value: SqlValue | undefined): ChainId {
  return value as ChainId
}

export function diffIdFromColumn(value: SqlValue | undefined): DiffId {
  return value as DiffId
}

export function snapshotKeyFromColumn(value: SqlValue | undefined): SnapshotKey {
  return value as SnapshotKey
}

export function leaseIdFrom(id: string): LeaseId {
  return id as LeaseId
}
