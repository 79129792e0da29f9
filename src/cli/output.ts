import { write as writeSome, writeSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { errnoOf } from '#base/errors.ts'
import { isTerminal } from '#cli/terminal/is-terminal.ts'

/** Where commands write. Texts are written as they are; callers add the newline. */
export interface Output {
  write(text: string): void
  writeError(text: string): void
  /** Resolves when the kernel has the bytes, so that slow readers slow the sender down. */
  writeBytes(bytes: Uint8Array, isError?: boolean): Promise<void>
  /** Columns of the terminal that `which` is, undefined when it is none. */
  columns(which: 'stdout' | 'stderr'): number | undefined
}

const descriptors = { stdout: 1, stderr: 2 } as const
/** What a shell shows for a program that SIGPIPE ended. */
const brokenPipeCode = 141
const retryMs = 2

/**
 * The process's own stdout and stderr, by descriptor: `process.stdout` would cost nine
 * milliseconds at its first use. A reader that went away ends the process quietly.
 */
export function openOutput(): Output {
  return {
    write: (text) => writeWhole(descriptors.stdout, text),
    writeError: (text) => writeWhole(descriptors.stderr, text),
    writeBytes: (bytes, isError = false) =>
      writeInTurn(isError ? descriptors.stderr : descriptors.stdout, bytes),
    columns: (which) => (isTerminal(descriptors[which]) ? process[which].columns : undefined),
  }
}

function writeWhole(descriptor: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += writeSync(descriptor, bytes, offset)
    } catch (error) {
      // Somebody else made the descriptor non-blocking and its reader is slow.
      if (!isFull(error)) endQuietly(error)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, retryMs)
    }
  }
}

/** Off the main thread, so that signals and stdin are served while a slow reader takes its time. */
async function writeInTurn(descriptor: number, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += await new Promise<number>((resolve, reject) => {
        writeSome(descriptor, bytes, offset, bytes.length - offset, null, (error, written) =>
          error ? reject(error) : resolve(written),
        )
      })
    } catch (error) {
      if (!isFull(error)) endQuietly(error)
      await pause(retryMs)
    }
  }
}

function isFull(error: unknown): boolean {
  return errnoOf(error) === 'EAGAIN'
}

function endQuietly(error: unknown): void {
  if (errnoOf(error) === 'EPIPE') process.exit(brokenPipeCode)
  throw error
}
