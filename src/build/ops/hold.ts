/**
 * What one build holds. A step that it began may still run for another build when this one
 * has been cancelled: the lease stays open until that step has ended too.
 */
import type { Lease } from '#store/types.ts'

export interface BuildHold extends AsyncDisposable {
  readonly lease: Lease
  /** Work that needs the lease. */
  use<T>(work: () => Promise<T>): Promise<T>
}

export function createHold(lease: Lease): BuildHold {
  let uses = 0
  let isClosing = false
  const closeWhenUnused = async () => {
    if (isClosing && uses === 0) await lease[Symbol.asyncDispose]()
  }
  return {
    lease,
    async use(work) {
      uses++
      try {
        return await work()
      } finally {
        uses--
        await closeWhenUnused()
      }
    },
    async [Symbol.asyncDispose]() {
      isClosing = true
      await closeWhenUnused()
    },
  }
}

/**
 * Clearing up after steps. The next step need not wait for it; the end of a build does, also
 * for steps that another build began.
 */
export interface Teardowns {
  add(work: Promise<void>): void
  settled(): Promise<void>
}

export function createTeardowns(): Teardowns {
  const pending = new Set<Promise<void>>()
  return {
    add(work) {
      pending.add(work)
      void work.finally(() => pending.delete(work))
    },
    async settled() {
      await Promise.allSettled(pending)
    },
  }
}
