/** What log records hold, and how batches of them become the stream that clients read. */
import { type Instant, instantFromNanos } from '#base/clock.ts'
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

const headerBytes = 8

/** One buffer for the whole batch: millions of records must not become millions of writes. */
export function encodeRecords(records: readonly LogRecord[], options: EncodeOptions): Buffer {
  const { isRaw, prefixOf } = options
  const prefixes = prefixOf && records.map((r) => (r.isContinuation ? '' : prefixOf(r)))
  const overhead = isRaw ? 0 : headerBytes
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
    if (!isRaw) writeHeader(out, { at: bodyAt - headerBytes, record, length: position - bodyAt })
  }
  return out
}

interface HeaderPlace {
  readonly at: number
  readonly record: LogRecord
  readonly length: number
}

/** `[1 or 2, 0, 0, 0, length as a big-endian u32]` */
function writeHeader(out: Buffer, { at, record, length }: HeaderPlace): void {
  out.writeUInt32BE(record.stream === 'stdout' ? 0x01000000 : 0x02000000, at)
  out.writeUInt32BE(length, at + 4)
}
