/**
 * The log format of conmon's `k8s-file` driver:
 * `2026-11-24T02:41:43.889005944+00:00 stdout F text\n`. `F` ends a line, `P` is
 * a piece of one. The timestamp has a fixed width, so content is found without a search.
 */
import type { LogRecord } from '#runtime/types.ts'

/** The length of a timestamp. */
export const timeBytes = 35
const streamLetterAt = timeBytes + 4
const tagAt = timeBytes + 8
/** Bytes before the content. */
export const prefixBytes = tagAt + 2

const newline = 0x0a
const space = 0x20
const letterO = 0x6f
const letterP = 0x50

export interface LogLine {
  readonly stream: 'stdout' | 'stderr'
  readonly isPartial: boolean
}

/** What the line at `start` is; undefined when it is not in the format. */
export function readLineHead(bytes: Uint8Array, start: number, end: number): LogLine | undefined {
  if (!isWellFormed(bytes, start, end)) return undefined
  return { stream: streamAt(bytes, start), isPartial: isPartialAt(bytes, start) }
}

export interface LogParser {
  /** The records of whole lines in `bytes` and how many bytes they took; nothing is copied. */
  parse(bytes: Buffer): { readonly records: LogRecord[]; readonly consumed: number }
}

/** Remembers, for each stream, whether the last record left its line unfinished. */
export function createLogParser(): LogParser {
  const isOpen = { stdout: false, stderr: false }
  return {
    parse(bytes) {
      const records: LogRecord[] = []
      let timeAt = 0
      for (;;) {
        const newlineAt = bytes.indexOf(newline, timeAt + prefixBytes)
        if (newlineAt === -1) break
        if (isWellFormed(bytes, timeAt, newlineAt)) {
          const stream = streamAt(bytes, timeAt)
          const isPartial = isPartialAt(bytes, timeAt)
          records.push({
            stream,
            isContinuation: isOpen[stream],
            source: bytes,
            timeAt,
            start: timeAt + prefixBytes,
            end: isPartial ? newlineAt : newlineAt + 1,
          })
          isOpen[stream] = isPartial
        }
        timeAt = newlineAt + 1
      }
      return { records, consumed: timeAt }
    },
  }
}

function isWellFormed(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start >= prefixBytes &&
    bytes[start + timeBytes] === space &&
    bytes[start + tagAt - 1] === space &&
    bytes[start + tagAt + 1] === space
  )
}

/** "stdout" and "stderr" differ in their fourth letter. */
function streamAt(bytes: Uint8Array, start: number): 'stdout' | 'stderr' {
  return bytes[start + streamLetterAt] === letterO ? 'stdout' : 'stderr'
}

function isPartialAt(bytes: Uint8Array, start: number): boolean {
  return bytes[start + tagAt] === letterP
}
