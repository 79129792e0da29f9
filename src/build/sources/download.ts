/** The body of a response becomes a file, digested while it is written. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { EngineError, errorMessage } from '#base/errors.ts'
import type { HttpOp } from '#build/graph/types.ts'
import type { RunContext } from '#build/solver/types.ts'
import { digestAlgorithm } from '#oci/digest.ts'
import { explainFullDisk } from '#store/full-disk.ts'

const maxBytes = 64 * 2 ** 30

/**
 * Writes the body to a new file of mode 0600.
 * @throws EngineError unavailable, failed_precondition (checksum), resource_exhausted (too large,
 *   or no room); the signal's reason
 */
export async function saveBody(
  response: Response,
  { op, path }: { readonly op: HttpOp; readonly path: string },
  { signal, onStatus }: RunContext,
): Promise<void> {
  const hash = createHash(op.checksum ? digestAlgorithm(op.checksum) : 'sha256')
  const total = Number(response.headers.get('content-length') ?? Number.NaN)
  const totalBytes = Number.isNaN(total) ? {} : { totalBytes: total }
  let currentBytes = 0
  const counted = async function* () {
    for await (const chunk of bodyOf(response, signal)) {
      currentBytes += chunk.length
      if (currentBytes > maxBytes) {
        throw new EngineError('resource_exhausted', `download "${op.url}": larger than ${maxBytes}`)
      }
      hash.update(chunk)
      onStatus({ id: op.url, text: 'downloading', currentBytes, ...totalBytes })
      yield chunk
    }
  }
  try {
    await pipeline(counted(), createWriteStream(path, { flags: 'wx', mode: 0o600 }))
  } catch (error) {
    throw explainFullDisk(op.url, error)
  }
  checkDigest(op, hash.digest('hex'))
}

async function* bodyOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const { body } = response
  if (!body) return
  try {
    for await (const chunk of body) yield chunk
  } catch (error) {
    signal.throwIfAborted()
    const detail = errorMessage(error)
    throw new EngineError('unavailable', `download: connection lost: ${detail}`, { cause: error })
  }
}

function checkDigest({ checksum, url }: HttpOp, hex: string): void {
  if (!checksum) return
  const actual = `${digestAlgorithm(checksum)}:${hex}`
  if (actual === checksum) return
  throw new EngineError(
    'failed_precondition',
    `digest mismatch for ${url}: ${actual} (expected: ${checksum})`,
  )
}
