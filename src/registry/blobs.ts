/** Downloading one blob, over as many connections as it takes. */
import { sleep } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'
import type { Descriptor } from '#oci/descriptor.ts'
import { faultText, readFault, type RegistryFault } from '#registry/fault.ts'
import { isTransient } from '#registry/network-error.ts'
import type { Session } from '#registry/session.ts'
import type { HttpResponse } from '#registry/transport.ts'

export interface FetchBlobOptions {
  readonly session: () => Promise<Session>
  readonly descriptor: Descriptor
  readonly offset: number
  readonly toError: (fault: RegistryFault) => EngineError
}

/** Attempts in a row that bring no byte. */
const maxBarrenAttempts = 5
const firstDelayMs = 250

/**
 * The blob's bytes from `offset`. A connection that breaks or stalls is followed by a Range request
 * from where it ended; progress resets the count of attempts.
 */
export async function* fetchBlobBytes(
  options: FetchBlobOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { size } = options.descriptor
  let position = options.offset
  for (let barren = 1; position < size; barren++) {
    const startedAt = position
    // Opening has its own retries; what fails here on the way is a broken transfer.
    const body = await openBody(options, position, signal)
    try {
      for await (const chunk of body) {
        position += chunk.length
        yield chunk
      }
      if (position < size) throw endedEarly(options.descriptor, position)
    } catch (error) {
      if (position > startedAt) barren = 1
      if (!isTransient(error) || barren >= maxBarrenAttempts || position > size) throw error
      await sleep(firstDelayMs * 2 ** (barren - 1), signal)
    }
  }
}

function endedEarly(descriptor: Descriptor, position: number): EngineError {
  return new EngineError(
    'unavailable',
    `fetch ${descriptor.digest}: unexpected EOF after ${position} of ${descriptor.size} bytes`,
  )
}

async function openBody(
  options: FetchBlobOptions,
  position: number,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const { descriptor } = options
  const session = await options.session()
  const headers = { 'accept-encoding': 'identity' }
  const range = position > 0 ? { range: `bytes=${position}-` } : {}
  const response = await session.send(
    { method: 'GET', target: `blobs/${descriptor.digest}`, headers: { ...headers, ...range } },
    signal,
  )
  if (response.status === 206 && rangeStart(response) === position) return response.body()
  if (response.status === 200) return skip(response.body(), position)
  if (response.status === 206) {
    await response.discard()
    throw new EngineError('unavailable', `fetch ${descriptor.digest}: the wrong range was sent`)
  }
  throw blobError(options, await readFault(response))
}

function blobError(options: FetchBlobOptions, fault: RegistryFault): EngineError {
  if (fault.status !== 404) return options.toError(fault)
  return new EngineError('not_found', `fetch ${options.descriptor.digest}: ${faultText(fault)}`)
}

function rangeStart(response: HttpResponse): number | undefined {
  const match = /^bytes (\d+)-/.exec(response.header('content-range') ?? '')
  return match ? Number(match[1]) : undefined
}

/** For a registry that ignores Range. */
async function* skip(body: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let left = count
  for await (const chunk of body) {
    if (left >= chunk.length) left -= chunk.length
    else {
      yield left === 0 ? chunk : chunk.subarray(left)
      left = 0
    }
  }
}
