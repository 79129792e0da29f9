/** Resolving and fetching manifests, each verified against its digest and media type. */
import { EngineError } from '#base/errors.ts'
import type { Descriptor } from '#oci/descriptor.ts'
import { type Digest, digestAlgorithm, digestOfAlgorithm, parseDigest } from '#oci/digest.ts'
import { manifestAccept, maxManifestBytes } from '#oci/manifest.ts'
import type { Reference } from '#oci/reference.ts'
import { pullError, readFault } from '#registry/fault.ts'
import type { Session } from '#registry/session.ts'
import type { HttpResponse } from '#registry/transport.ts'

const headers = { accept: manifestAccept }

/**
 * What the tag or digest names now. HEAD does not count against pull limits; a registry that
 * answers it without a digest, or with an error that has no body, is asked with GET.
 */
export async function resolveManifest(
  session: Session,
  reference: Reference,
  signal: AbortSignal,
): Promise<Descriptor> {
  const target = `manifests/${reference.digest ?? reference.tag ?? 'latest'}`
  const head = await session.send({ method: 'HEAD', target, headers }, signal)
  await head.discard()
  if (head.status === 200) {
    const described = describeAnswer(head, reference.digest)
    if (described) return described
  }
  const response = await session.send({ method: 'GET', target, headers }, signal)
  if (response.status !== 200) throw pullError(await readFault(response), reference)
  const bytes = await response.readAll(maxManifestBytes)
  const digest = digestOfAlgorithm(
    reference.digest ? digestAlgorithm(reference.digest) : 'sha256',
    bytes,
  )
  if (reference.digest && reference.digest !== digest) throw mismatch(reference.digest)
  return { mediaType: mediaTypeOf(response) ?? '', digest, size: bytes.length }
}

/**
 * The bytes that `descriptor` names.
 * @throws EngineError data_loss when they are others, invalid_argument when their type is
 */
export async function fetchManifestBytes(
  session: Session,
  target: { readonly descriptor: Descriptor; readonly reference: Reference },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { descriptor, reference } = target
  const path = `manifests/${descriptor.digest}`
  const accept = descriptor.mediaType === '' ? headers : { accept: descriptor.mediaType }
  const response = await session.send({ method: 'GET', target: path, headers: accept }, signal)
  if (response.status !== 200) throw pullError(await readFault(response), reference)
  const bytes = await response.readAll(maxManifestBytes)
  if (digestOfAlgorithm(digestAlgorithm(descriptor.digest), bytes) !== descriptor.digest) {
    throw mismatch(descriptor.digest)
  }
  const sent = mediaTypeOf(response)
  if (sent !== undefined && descriptor.mediaType !== '' && sent !== descriptor.mediaType) {
    throw new EngineError(
      'invalid_argument',
      `read manifest ${descriptor.digest}: media type "${sent}" does not match "${descriptor.mediaType}"`,
    )
  }
  return bytes
}

function mismatch(digest: Digest): EngineError {
  return new EngineError('data_loss', `manifest verification failed for digest ${digest}`)
}

function describeAnswer(head: HttpResponse, wanted: Digest | undefined): Descriptor | undefined {
  const digestHeader = head.header('docker-content-digest')
  const mediaType = mediaTypeOf(head)
  const size = Number(head.header('content-length') ?? Number.NaN)
  if (digestHeader === undefined || mediaType === undefined || !Number.isSafeInteger(size)) {
    return undefined
  }
  const digest = parseDigest(digestHeader)
  if (wanted && wanted !== digest) throw mismatch(wanted)
  if (size > maxManifestBytes) {
    throw new EngineError(
      'invalid_argument',
      `read manifest ${digest}: larger than ${maxManifestBytes} bytes`,
    )
  }
  return { mediaType, digest, size }
}

/** Without parameters; undefined for types that say nothing. */
function mediaTypeOf(response: HttpResponse): string | undefined {
  const type = (response.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
  const isGeneric = ['', 'application/json', 'application/octet-stream', 'text/plain'].includes(
    type,
  )
  return isGeneric ? undefined : type
}
