/**
 * The log format of conmon's `k8s-file` driver:
 * `2026-11-24T02:41:43.889005944+00:00 stdout F text\n`. `F` ends a line, `P` is
 * a piece of one. The timestamp has a fixed width, so content is found without a search.
 */
import { type Instant, instantFromNanos } from '#base/clock.ts'
import type { LogRecord } from '#runtime/types.ts'

const timeBytes = 35
const streamAt = timeBytes + 1
const streamLetterAt = streamAt + 3
const tagAt = streamAt + 7
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
  const isWellFormed =
    end - start >= prefixBytes &&
    bytes[start + timeBytes] === space &&
    bytes[start + tagAt - 1] === space &&
    bytes[start + tagAt + 1] === space
  if (!isWellFormed) return undefined
  return {
    // "stdout" and "stderr" differ in their fourth letter.
    stream: bytes[start + streamLetterAt] === letterO ? 'stdout' : 'stderr',
    isPartial: bytes[start + tagAt] === letterP,
  }
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
      let start = 0
      for (;;) {
        const end = bytes.indexOf(newline, start + prefixBytes)
        if (end === -1) break
        const head = readLineHead(bytes, start, end)
        if (head) {
          records.push(recordAt(bytes, { start, end, head, isContinuation: isOpen[head.stream] }))
          isOpen[head.stream] = head.isPartial
        }
        start = end + 1
      }
      return { records, consumed: start }
    },
  }
}

interface RecordPlace {
  readonly start: number
  readonly end: number
  readonly head: LogLine
  readonly isContinuation: boolean
}

function recordAt(bytes: Buffer, place: RecordPlace): LogRecord {
  const { start, end, head, isContinuation } = place
  return {
    // Most readers never look at it, and parsing times costs more than all the rest.
    get time() {
      return parseTime(bytes.toString('latin1', start, start + timeBytes))
    },
    stream: head.stream,
    isContinuation,
    bytes: bytes.subarray(start + prefixBytes, head.isPartial ? end : end + 1),
  }
}

let lastSecondText = ''
let lastSecondNanos = 0n

/** Lines of the same second share the expensive half. */
function parseTime(text: string): Instant {
  const second = text.slice(0, 19) + text.slice(29)
  if (second !== lastSecondText) {
    lastSecondNanos = BigInt(Date.parse(second)) * 1_000_000n
    lastSecondText = second
  }
  return instantFromNanos(lastSecondNanos + BigInt(text.slice(20, 29)))
}
