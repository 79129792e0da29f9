/** Named pipes: fifo(7). */
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { EngineError, errnoOf } from '#base/errors.ts'

/**
 * Writes a short message, at most PIPE_BUF bytes and therefore in one piece, without waiting.
 * @throws EngineError unavailable when nobody reads from the FIFO or it is full
 */
export function writeFifo(path: string, message: string): void {
  let fd: number | undefined
  try {
    fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    writeSync(fd, message)
  } catch (error) {
    const errno = errnoOf(error)
    throw new EngineError('unavailable', `write fifo "${path}": ${errno ?? 'failed'}`, {
      cause: error,
      ...(errno === undefined ? {} : { errno }),
    })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
