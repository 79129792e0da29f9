/**
 * What a step may say: BuildKit's limit of 2 MiB, so that a program that prints without end fills
 * neither memory nor the history. The end of the output, where failures are told, is always kept.
 */
import type { RunContext } from '#build/solver/types.ts'

const maxStepBytes = 2 * 1024 * 1024
const tailBytes = 16 * 1024

type OnOutput = RunContext['onOutput']

export interface LimitedOutput {
  readonly onOutput: OnOutput
  /** Passes on what was held back; call once, when the step has ended. */
  readonly flush: () => void
}

export function limitOutput(onOutput: OnOutput, maxBytes: number = maxStepBytes): LimitedOutput {
  let leftBytes = maxBytes
  let isClipped = false
  let tail = Buffer.alloc(0)
  return {
    onOutput(stream, chunk) {
      if (leftBytes > 0) onOutput(stream, chunk.subarray(0, leftBytes))
      const rest = chunk.subarray(leftBytes)
      leftBytes = Math.max(0, leftBytes - chunk.length)
      if (rest.length === 0) return
      if (!isClipped)
        onOutput(
          'stderr',
          Buffer.from(`\n[output clipped, log limit ${maxBytes / 2 ** 20}MiB reached]\n`),
        )
      isClipped = true
      tail = Buffer.concat([tail, rest.subarray(-tailBytes)]).subarray(-tailBytes)
    },
    flush() {
      // From the start of a line, where there is one.
      const start = tail.length < tailBytes ? 0 : tail.indexOf('\n') + 1
      if (tail.length > 0) onOutput('stderr', tail.subarray(start))
    },
  }
}
