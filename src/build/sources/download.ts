/** The body of a response becomes a file, digested while it is written. */
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { EngineError } from '#base/errors.ts'
import type { HttpOp } from '#build/graph/types.ts'
import type { HttpAnswer } from '#build/sources/http-get.ts'
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
  response: Pick<HttpAnswer, 'body' | 'header'>,
  { op, path }: { readonly op: HttpOp; readonly path: string },
  { onStatus }: RunContext,
): Promise<void> {
  const hash = createHash(op.checksum ? digestAlgorithm(op.checksum) : 'sha256')
  const total = Number(response.header('content-length') ?? Number.NaN)
  const totalBytes = Number.isNaN(total) ? {} : { totalBytes: total }
  let currentBytes = 0
  const counted = async function* () {
    for await (const chunk of response.body) {
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

function checkDigest({ checksum, url }: HttpOp, hex: string): void {
  if (!checksum) return
  const actual = `${digestAlgorithm(checksum)}:${hex}`
  if (actual === checksum) return
  throw new EngineError(
    'failed_precondition',
    `digest mismatch for ${url}: ${actual} (expected: ${checksum})`,
  )
}
