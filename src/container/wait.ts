/** Who waits for what: waiters are registered synchronously, so no exit slips between. */
import { abortReason } from '#base/async.ts'
import type { ContainerState, WaitCondition, WaitResult } from '#container/types.ts'

export interface WaitRegistry {
  /** Registers at once; settles at the condition, or rejects with the signal's reason. */
  register(id: string, condition: WaitCondition, signal: AbortSignal): Promise<WaitResult>
  /** A run ended: settles `next-exit` and `not-running`. */
  exited(id: string, result: WaitResult): void
  /** The record is gone: settles everything that still waits. */
  removed(id: string, result: WaitResult): void
}

interface Waiter {
  readonly condition: WaitCondition
  readonly settle: (result: WaitResult) => void
}

export function createWaitRegistry(): WaitRegistry {
  const waiters = new Map<string, Set<Waiter>>()

  function settle(id: string, result: WaitResult, isDue: (waiter: Waiter) => boolean): void {
    const waiting = waiters.get(id)
    for (const waiter of waiting ?? []) {
      if (!isDue(waiter)) continue
      waiting?.delete(waiter)
      waiter.settle(result)
    }
    if (waiting?.size === 0) waiters.delete(id)
  }

  return {
    register: (id, condition, signal) => {
      if (signal.aborted) return Promise.reject(abortReason(signal))
      const { promise, resolve, reject } = Promise.withResolvers<WaitResult>()
      const waiting = waiters.get(id) ?? new Set()
      waiters.set(id, waiting)
      const cancel = () => {
        waiting.delete(waiter)
        if (waiting.size === 0) waiters.delete(id)
        reject(abortReason(signal))
      }
      const waiter: Waiter = {
        condition,
        settle: (result) => {
          signal.removeEventListener('abort', cancel)
          resolve(result)
        },
      }
      waiting.add(waiter)
      signal.addEventListener('abort', cancel, { once: true })
      return promise
    },
    exited: (id, result) => settle(id, result, ({ condition }) => condition !== 'removed'),
    removed: (id, result) => settle(id, result, () => true),
  }
}

/** What `not-running` gives at once for a state without a process; undefined while there is one. */
export function resultOf(state: ContainerState): WaitResult | undefined {
  switch (state.status) {
    case 'running':
    case 'paused':
    case 'restarting':
      return undefined
    case 'created':
      return state.failure
        ? { code: state.failure.code, error: state.failure.message }
        : { code: 0 }
    case 'exited':
      return waitResult(state.last)
    case 'removing':
    case 'dead':
      return state.last ? waitResult(state.last) : { code: 0 }
  }
}

export function waitResult(exit: { readonly code: number; readonly error?: string }): WaitResult {
  return exit.error === undefined ? { code: exit.code } : { code: exit.code, error: exit.error }
}
