/** Finds where the last lines of a log begin, reading it from its end. */
import type { FileHandle } from 'node:fs/promises'
import type { LogFile } from '#runtime/logs/files.ts'
import { readLineHead } from '#runtime/logs/parse.ts'

export interface TailRequest {
  readonly count: number
  readonly stdout: boolean
  readonly stderr: boolean
}

export interface TailStart {
  /** Index into the files, oldest first; the length of the list when nothing is wanted. */
  readonly fileIndex: number
  readonly offset: number
}

const blockBytes = 256 * 1024
const newline = 0x0a

/** Counts ends of lines backwards, over files; pieces of a line count with their end. */
export async function findTailStart(
  files: readonly LogFile[],
  request: TailRequest,
): Promise<TailStart> {
  const counter = createLineCounter(request)
  for (const [fileIndex, { file }] of [...files.entries()].toReversed()) {
    const offset = await findOffset(file, counter)
    if (offset !== undefined) return { fileIndex, offset }
  }
  return { fileIndex: 0, offset: 0 }
}

interface LineCounter {
  /** True when the line ends one more than are wanted, so that the tail begins after it. */
  isBefore(bytes: Uint8Array, start: number, end: number): boolean
}

function createLineCounter(request: TailRequest): LineCounter {
  const isLastPiece = { stdout: true, stderr: true }
  let count = 0
  return {
    isBefore(bytes, start, end) {
      const head = readLineHead(bytes, start, end)
      if (!head || !request[head.stream]) return false
      // The very last piece of a stream may be a line without an end.
      const endsLine = !head.isPartial || isLastPiece[head.stream]
      isLastPiece[head.stream] = false
      if (endsLine) count++
      return endsLine && count > request.count
    },
  }
}

/** The offset after the first line that is too old; undefined when the whole file belongs to the tail. */
async function findOffset(file: FileHandle, counter: LineCounter): Promise<number | undefined> {
  const { size } = await file.stat()
  let position = size
  let block = Buffer.alloc(0)
  while (position > 0) {
    const length = Math.min(blockBytes, position)
    position -= length
    const bytes = Buffer.alloc(length)
    await file.read(bytes, 0, length, position)
    block = Buffer.concat([bytes, block])
    let end = block.lastIndexOf(newline)
    while (end >= 0) {
      const before = end === 0 ? -1 : block.lastIndexOf(newline, end - 1)
      // The start of the first line lies in an earlier block, unless this is the first.
      if (before === -1 && position > 0) break
      if (counter.isBefore(block, before + 1, end)) return position + end + 1
      end = before
    }
    block = block.subarray(0, end + 1)
  }
  return undefined
}
