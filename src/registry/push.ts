/** Uploading blobs and manifests (distribution spec, "Push"). */
import { EngineError } from '#base/errors.ts'
import type { Digest } from '#oci/digest.ts'
import { faultText, kindOfStatus, readFault } from '#registry/fault.ts'
import { type Session, uploadLocation } from '#registry/session.ts'
import type { HttpResponse } from '#registry/transport.ts'
import type { BlobUpload, ManifestUpload } from '#registry/types.ts'

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

/** Mounts the blob when the registry can, sends it in one PUT otherwise. */
export async function uploadBlob(
  session: Session,
  upload: BlobUpload,
  signal: AbortSignal,
): Promise<'pushed' | 'mounted'> {
  const { descriptor, mountFrom } = upload
  const query =
    mountFrom === undefined
      ? ''
      : `?${new URLSearchParams({ mount: descriptor.digest, from: mountFrom }).toString()}`
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

async function* counted({ source, onSent }: BlobUpload): AsyncGenerator<Uint8Array> {
  let sent = 0
  for await (const chunk of source()) {
    yield chunk
    sent += chunk.length
    onSent?.(sent)
  }
}

async function pushError(response: HttpResponse): Promise<EngineError> {
  const fault = await readFault(response)
  return new EngineError(kindOfStatus(fault.status), faultText(fault))
}
