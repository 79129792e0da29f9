/** Reads a container's log: byte-exact, from any point, and on as it grows and is rotated. */
import type { FileHandle } from 'node:fs/promises'
import { abortReason } from '#base/async.ts'
import {
  closeLogFiles,
  type LogFile,
  openLogFiles,
  openNewerLogFiles,
} from '#runtime/logs/files.ts'
import { createLogParser, type LogParser } from '#runtime/logs/parse.ts'
import { recordTime } from '#runtime/logs/record.ts'
import { findTailStart } from '#runtime/logs/tail.ts'
import { type ChangeWatch, watchChanges } from '#runtime/logs/watch.ts'
import type { LogRecord, ReadLogsOptions } from '#runtime/types.ts'

const chunkBytes = 1024 * 1024

/**
 * Yields records in batches, one for each read. Ends at the end of the log, or
 * with `follow` once that has settled and everything written before is read.
 * @throws the signal's reason
 */
export async function* readLogs(
  options: ReadLogsOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly LogRecord[]> {
  using watch = options.follow === undefined ? undefined : watchChanges(options.logPath)
  const files = await openLogFiles(options.logPath)
  const stop = () => watch?.stop()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  void options.follow?.then(stop, stop)
  try {
    const select = createSelection(options)
    for await (const records of readFiles(files, options, { watch, signal })) {
      if (signal.aborted) throw abortReason(signal)
      const { kept, isPastEnd } = select(records)
      if (kept.length > 0) yield kept
      if (isPastEnd) return
    }
    if (signal.aborted) throw abortReason(signal)
  } finally {
    signal.removeEventListener('abort', stop)
    await closeLogFiles(files)
  }
}

interface ReadControl {
  readonly watch: ChangeWatch | undefined
  readonly signal: AbortSignal
}

async function* readFiles(
  files: LogFile[],
  options: ReadLogsOptions,
  { watch, signal }: ReadControl,
): AsyncGenerator<readonly LogRecord[]> {
  const parser = createLogParser()
  const start =
    options.tail === undefined
      ? { fileIndex: 0, offset: 0 }
      : await findTailStart(files, { ...options, count: options.tail })
  let reader: FileReader | undefined
  for (const [index, { file }] of files.entries()) {
    if (index < start.fileIndex) continue
    reader = openReader(file, parser, index === start.fileIndex ? start.offset : 0)
    yield* reader.readToEnd(signal)
  }
  if (watch) yield* follow({ files, options, watch, signal, parser }, reader)
}

interface FollowParts {
  readonly files: LogFile[]
  readonly options: ReadLogsOptions
  readonly watch: ChangeWatch
  readonly signal: AbortSignal
  readonly parser: LogParser
}

/** The last look comes after `follow` has settled: conmon has written everything by then. */
async function* follow(
  { files, options, watch, signal, parser }: FollowParts,
  first: FileReader | undefined,
): AsyncGenerator<readonly LogRecord[]> {
  let isEnded = false
  void options.follow?.then(
    () => (isEnded = true),
    () => (isEnded = true),
  )
  let reader = first
  for (;;) {
    await watch.next()
    const isLastLook = isEnded
    if (signal.aborted) return
    if (reader) yield* reader.readToEnd(signal)
    for (;;) {
      const newer = await openNewerLogFiles(options.logPath, files.at(-1))
      if (newer.length === 0) break
      // It was complete before its successor appeared, and held open it would keep its bytes on the disk.
      if (reader) yield* reader.readToEnd(signal)
      await closeLogFiles(files.splice(0, files.length, ...newer))
      for (const { file } of newer) {
        reader = openReader(file, parser, 0)
        yield* reader.readToEnd(signal)
      }
    }
    if (isLastLook) return
  }
}

interface FileReader {
  /** Everything from where the last call ended; an unfinished line waits for the next call. */
  readToEnd(signal: AbortSignal): AsyncGenerator<readonly LogRecord[]>
}

function openReader(file: FileHandle, parser: LogParser, offset: number): FileReader {
  let position = offset
  return {
    async *readToEnd(signal) {
      let capacity = chunkBytes
      while (!signal.aborted) {
        const { size } = await file.stat()
        const length = Math.min(capacity, size - position)
        if (length <= 0) return
        // A new buffer each time: the records given out point into the old one.
        const buffer = Buffer.allocUnsafeSlow(length)
        const { bytesRead } = await file.read(buffer, 0, length, position)
        if (bytesRead === 0) return
        const { records, consumed } = parser.parse(buffer.subarray(0, bytesRead))
        position += consumed
        if (records.length > 0) yield records
        if (consumed === 0) {
          // No whole line: either the writer is in the middle of it, or it is longer than this.
          if (bytesRead < capacity) return
          capacity *= 2
        }
      }
    },
  }
}

type Selection = (records: readonly LogRecord[]) => {
  readonly kept: readonly LogRecord[]
  readonly isPastEnd: boolean
}

function createSelection({ stdout, stderr, since, until }: ReadLogsOptions): Selection {
  const wantsAll = stdout && stderr
  if (wantsAll && since === undefined && until === undefined) {
    return (kept) => ({ kept, isPastEnd: false })
  }
  return (records) => {
    let isPastEnd = false
    const kept = records.filter((record) => {
      if (record.stream === 'stdout' ? !stdout : !stderr) return false
      if (since === undefined && until === undefined) return true
      const time = recordTime(record)
      if (until !== undefined && time > until) isPastEnd = true
      return !isPastEnd && (since === undefined || time >= since)
    })
    return { kept, isPastEnd }
  }
}
