/** What a prune removes. Pure: the caller removes it and runs gc. */
import { type Instant, millisOf } from '#base/clock.ts'
import type { CacheUsage, SpaceLimits } from '#build/types.ts'

export interface PrunePolicy {
  /** Everything, not only what no image uses (`--all`). */
  readonly isAll: boolean
  /** Only what was not used since. */
  readonly unusedSince?: Instant
  /** Keep the most recently used up to this many bytes. */
  readonly keepBytes?: number
  readonly ids?: readonly string[]
}

/** Least recently used first, until the policy is met. What is in use stays. */
export function planPrune<T extends PruneCandidate>(
  usage: readonly T[],
  policy: PrunePolicy,
): readonly T[] {
  const candidates = usage
    .filter((entry) => isCandidate(entry, policy))
    .toSorted((a, b) => millisOf(a.lastUsedAt) - millisOf(b.lastUsedAt))
  const { keepBytes } = policy
  if (keepBytes === undefined) return candidates
  let total = totalOf(usage)
  return candidates.filter(({ sizeBytes }) => {
    if (total <= keepBytes) return false
    total -= sizeBytes
    return true
  })
}

/** `isShared`: an image has it too, so pruning it frees nothing. */
export type PruneCandidate = Pick<
  CacheUsage,
  'id' | 'sizeBytes' | 'lastUsedAt' | 'isInUse' | 'isShared'
>

function isCandidate(entry: PruneCandidate, policy: PrunePolicy): boolean {
  if (entry.isInUse || (!policy.isAll && entry.isShared)) return false
  if (policy.ids && !policy.ids.includes(entry.id)) return false
  return policy.unusedSince === undefined || entry.lastUsedAt <= policy.unusedSince
}

/**
 * How much may stay: at most `maxUsedBytes`, less when the disk has not `minFreeBytes` free,
 * but never less than `reservedBytes`.
 * @returns undefined without limits: nothing has to stay
 */
export function bytesToKeep(
  { reservedBytes = 0, maxUsedBytes = 0, minFreeBytes = 0 }: SpaceLimits,
  { usedBytes, freeBytes }: { readonly usedBytes: number; readonly freeBytes: number },
): number | undefined {
  if (reservedBytes + maxUsedBytes + minFreeBytes === 0) return undefined
  // Reserving alone means to prune down to the reserve.
  const isReserveOnly = maxUsedBytes === 0 && minFreeBytes === 0
  const most = maxUsedBytes > 0 ? maxUsedBytes : isReserveOnly ? 0 : usedBytes
  const missing = Math.max(0, minFreeBytes - freeBytes)
  return Math.max(reservedBytes, Math.min(most, usedBytes - missing))
}

export function totalOf(usage: readonly Pick<CacheUsage, 'sizeBytes'>[]): number {
  return usage.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}
