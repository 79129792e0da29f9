/** Which cache records a prune removes. Pure: the caller removes them and runs gc. */
import { type Instant, millisOf } from '#base/clock.ts'
import type { CacheEntry } from '#build/cache/store.ts'

export interface PrunePolicy {
  /** Everything, not only what no image uses (`--all`). */
  readonly isAll: boolean
  /** Only records not used since. */
  readonly unusedSince?: Instant
  /** Keep the most recently used up to this many bytes (`--keep-storage`, `--reserved-space`). */
  readonly keepBytes?: number
  readonly ids?: readonly string[]
  /** Records that a running build holds are never pruned. */
  readonly inUse: ReadonlySet<number>
  /** Records whose snapshot an image has too: pruning them frees nothing. */
  readonly shared: ReadonlySet<number>
}

/** Least recently used first, until the policy is met. */
export function planPrune(
  entries: readonly CacheEntry[],
  policy: PrunePolicy,
): readonly CacheEntry[] {
  const candidates = entries
    .filter((entry) => isCandidate(entry, policy))
    .toSorted((a, b) => millisOf(a.lastUsedAt) - millisOf(b.lastUsedAt) || a.id - b.id)
  const { keepBytes } = policy
  if (keepBytes === undefined) return candidates
  let total = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  return candidates.filter(({ sizeBytes }) => {
    if (total <= keepBytes) return false
    total -= sizeBytes
    return true
  })
}

function isCandidate(entry: CacheEntry, policy: PrunePolicy): boolean {
  if (policy.inUse.has(entry.id)) return false
  if (!policy.isAll && policy.shared.has(entry.id)) return false
  if (policy.ids && !policy.ids.includes(String(entry.id))) return false
  return policy.unusedSince === undefined || entry.lastUsedAt <= policy.unusedSince
}
