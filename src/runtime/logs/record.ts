/** What log records hold, and how batches of them become the stream that clients read. */
import { type Instant, instantFromNanos } from '#base/clock.ts'
import { frameHeaderBytes, writeFrameHeader } from '#runtime/frame.ts'
import { timeBytes } from '#runtime/logs/parse.ts'
import type { LogRecord } from '#runtime/types.ts'

/** The bytes that were written, without a copy. */
export function recordBytes({ source, start, end }: LogRecord): Uint8Array {
  return source.subarray(start, end)
}

let lastSecondText = ''
let lastSecondNanos = 0n

/** When conmon read it. Records of the same second share the expensive half. */
export function recordTime({ source, timeAt }: LogRecord): Instant {
  const text = source.toString('latin1', timeAt, timeAt + timeBytes)
  const second = text.slice(0, 19) + text.slice(29)
  if (second !== lastSecondText) {
    lastSecondNanos = BigInt(Date.parse(second)) * 1_000_000n
    lastSecondText = second
  }
  return instantFromNanos(lastSecondNanos + BigInt(text.slice(20, 29)))
}

export interface EncodeOptions {
  /** Bytes alone, as from a terminal, instead of stdcopy frames. */
  readonly isRaw: boolean
  /** Text before the first bytes of each line. */
  readonly prefixOf?: (record: LogRecord) => string
}

/** One buffer for the whole batch: millions of records must not become millions of writes. */
export function encodeRecords(records: readonly LogRecord[], options: EncodeOptions): Buffer {
  const { isRaw, prefixOf } = options
  const prefixes = prefixOf && records.map((r) => (r.isContinuation ? '' : prefixOf(r)))
  const overhead = isRaw ? 0 : frameHeaderBytes
  let size = 0
  for (const [index, { start, end }] of records.entries()) {
    size += overhead + end - start + Buffer.byteLength(prefixes?.[index] ?? '')
  }
  const out = Buffer.allocUnsafeSlow(size)
  let position = 0
  for (const [index, record] of records.entries()) {
    const bodyAt = position + overhead
    const prefix = prefixes?.[index] ?? ''
    const contentAt = prefix === '' ? bodyAt : bodyAt + out.write(prefix, bodyAt)
    position = contentAt + record.source.copy(out, contentAt, record.start, record.end)
    const { stream } = record
    if (!isRaw) writeFrameHeader(out, bodyAt - overhead, { stream, length: position - bodyAt })
  }
  return out
}
