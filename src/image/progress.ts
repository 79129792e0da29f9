/** Progress of layers in Docker's words, at a rate that clients can follow. */
import type { ImageProgress, OnProgress } from '#image/types.ts'

/** At most one transfer event in this time per layer. */
const intervalMs = 100

export interface TransferMeter {
  /** Counts bytes; the last ones of a known total are always told. */
  add(bytes: number): void
}

export function createTransferMeter(
  event: Omit<Extract<ImageProgress, { type: 'transfer' }>, 'type' | 'currentBytes'>,
  onProgress: OnProgress,
): TransferMeter {
  let currentBytes = 0
  let toldAtMs = Number.NEGATIVE_INFINITY
  return {
    add(bytes) {
      currentBytes += bytes
      const nowMs = performance.now()
      if (nowMs - toldAtMs < intervalMs && currentBytes !== event.totalBytes) return
      toldAtMs = nowMs
      onProgress({ type: 'transfer', ...event, currentBytes })
    },
  }
}

export function status(text: string, id?: string): ImageProgress {
  return { type: 'status', text, ...(id === undefined ? {} : { id }) }
}
