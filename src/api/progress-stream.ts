import type { ImageProgress, OnProgress } from '#image/types.ts'
import type { StreamAnswer } from '#api/answer.ts'
import { contentTypes } from '#api/headers.ts'
import { formatProgressLine, toFailureLine, toProgressLine } from '#api/mapping/progress.ts'

/**
 * Work with progress as Docker's JSON lines. A failure before the first line keeps
 * its status; one after it goes in-band. A slow client gets the latest transfer
 * counts, not all of them.
 */
export function progressAnswer(work: (onProgress: OnProgress) => Promise<void>): StreamAnswer {
  return {
    type: 'stream',
    contentType: contentTypes.json,
    flush: 'first-chunk',
    chunks: progressLines(work),
  }
}

async function* progressLines(
  work: (onProgress: OnProgress) => Promise<void>,
): AsyncGenerator<string> {
  const queue = createProgressQueue()
  const outcome = work(queue.push).then(
    () => ({ isOk: true as const }),
    (error: unknown) => ({ isOk: false as const, error }),
  )
  void outcome.then(queue.close)
  let hasSent = false
  for await (const progress of queue.drain()) {
    hasSent = true
    yield formatProgressLine(toProgressLine(progress))
  }
  const result = await outcome
  if (result.isOk) return
  if (!hasSent) throw result.error
  yield formatProgressLine(toFailureLine(result.error))
}

interface ProgressQueue {
  readonly push: OnProgress
  readonly close: () => void
  drain(): AsyncIterable<ImageProgress>
}

function createProgressQueue(): ProgressQueue {
  let queued: ImageProgress[] = []
  let isClosed = false
  let wake: (() => void) | undefined

  function push(progress: ImageProgress): void {
    const index =
      progress.type === 'transfer'
        ? queued.findIndex((other) => other.type === 'transfer' && isSameTransfer(other, progress))
        : -1
    if (index < 0) queued.push(progress)
    else queued[index] = progress
    wake?.()
  }

  async function* drain(): AsyncGenerator<ImageProgress> {
    for (;;) {
      const batch = queued
      queued = []
      yield* batch
      if (queued.length > 0) continue
      if (isClosed) return
      await new Promise<void>((resolve) => (wake = resolve))
      wake = undefined
    }
  }

  function close(): void {
    isClosed = true
    wake?.()
  }

  return { push, close, drain }
}

type Transfer = Extract<ImageProgress, { type: 'transfer' }>

function isSameTransfer(a: Transfer, b: Transfer): boolean {
  return a.id === b.id && a.action === b.action
}
