/** Uploading blobs and manifests (distribution spec, "Push"). */
import { EngineError } from '#base/errors.ts'
import type { Descriptor } from '#oci/descriptor.ts'
import type { Digest } from '#oci/digest.ts'
import type { Reference } from '#oci/reference.ts'
import { faultText, kindOfStatus, readFault } from '#registry/fault.ts'
import { type Session, uploadLocation } from '#registry/session.ts'
import type { HttpResponse } from '#registry/transport.ts'
import type { PushBlobOptions } from '#registry/types.ts'

export async function hasBlob(
  session: Session,
  digest: Digest,
  signal: AbortSignal,
): Promise<boolean> {
  const response = await session.send({ method: 'HEAD', target: `blobs/${digest}` }, signal)
  await response.discard()
  if (response.status === 200) return true
  if (response.status === 404) return false
  throw await pushError(response)
}

export interface BlobUpload {
  readonly descriptor: Descriptor
  readonly source: () => AsyncIterable<Uint8Array>
  readonly options: PushBlobOptions
}

/** Mounts the blob when the registry can, sends it in one PUT otherwise. */
export async function uploadBlob(
  session: Session,
  upload: BlobUpload,
  signal: AbortSignal,
): Promise<'pushed' | 'mounted'> {
  const { descriptor, options } = upload
  const query =
    options.mountFrom === undefined
      ? ''
      : `?${new URLSearchParams({ mount: descriptor.digest, from: options.mountFrom })}`
  const started = await session.send(
    { method: 'POST', target: `blobs/uploads/${query}`, headers: { 'content-length': '0' } },
    signal,
  )
  if (started.status === 201) {
    await started.discard()
    return 'mounted'
  }
  if (started.status !== 202) throw await pushError(started)
  await started.discard()
  const location = uploadLocation(session, started)
  location.searchParams.set('digest', descriptor.digest)
  const sent = await session.send(
    {
      method: 'PUT',
      target: location,
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(descriptor.size),
      },
      body: counted(upload),
    },
    signal,
  )
  if (sent.status !== 201) throw await pushError(sent)
  await sent.discard()
  return 'pushed'
}

export interface ManifestUpload {
  readonly descriptor: Descriptor
  readonly bytes: Uint8Array
  readonly reference: Reference
  readonly tag: string | undefined
}

export async function uploadManifest(
  session: Session,
  { descriptor, bytes, tag }: ManifestUpload,
  signal: AbortSignal,
): Promise<void> {
  const response = await session.send(
    {
      method: 'PUT',
      target: `manifests/${tag ?? descriptor.digest}`,
      headers: { 'content-type': descriptor.mediaType },
      body: bytes,
    },
    signal,
  )
  if (response.status !== 201) throw await pushError(response)
  await response.discard()
}

async function* counted({ source, options }: BlobUpload): AsyncGenerator<Uint8Array> {
  let sent = 0
  for await (const chunk of source()) {
    yield chunk
    sent += chunk.length
    options.onSent?.(sent)
  }
}

async function pushError(response: HttpResponse): Promise<EngineError> {
  const fault = await readFault(response)
  return new EngineError(kindOfStatus(fault.status), faultText(fault))
}
