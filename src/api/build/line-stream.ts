import type { StreamAnswer } from '#api/answer.ts'
import { contentTypes } from '#api/headers.ts'
import { formatProgressLine } from '#api/mapping/progress.ts'
import type { ProgressLine } from '#wire/images.ts'

export type PushLine = (line: ProgressLine) => void

export interface LineWork {
  readonly run: (push: PushLine) => Promise<void>
  /** The line for a failure that comes after the first line. */
  readonly failureLine: (error: unknown) => ProgressLine
}

/** Lines as Docker separates them. A failure before the first one keeps its status. */
export function lineAnswer(work: LineWork): StreamAnswer {
  return {
    type: 'stream',
    contentType: contentTypes.json,
    flush: 'first-chunk',
    chunks: linesOf(work),
  }
}

async function* linesOf({ run, failureLine }: LineWork): AsyncGenerator<string> {
  let queued: string[] = []
  let wake: (() => void) | undefined
  let hasSent = false
  const push: PushLine = (line) => {
    hasSent = true
    queued.push(formatProgressLine(line))
    wake?.()
  }
  let isOver = false
  const outcome = run(push).then(
    () => undefined,
    (error: unknown) => {
      if (!hasSent) return { error }
      push(failureLine(error))
      return undefined
    },
  )
  void outcome.then(() => {
    isOver = true
    wake?.()
  })
  for (;;) {
    const batch = queued
    queued = []
    yield* batch
    if (queued.length > 0) continue
    if (isOver) break
    await new Promise<void>((resolve) => (wake = resolve))
  }
  const failed = await outcome
  if (failed) throw failed.error
}
