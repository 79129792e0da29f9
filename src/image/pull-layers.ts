/** The blobs of one pull: config and layers, with Docker's progress words. */
import { EngineError, errorKind } from '#base/errors.ts'
import { shortId } from '#base/ids.ts'
import type { Descriptor, ImageConfig, Manifest } from '#oci/descriptor.ts'
import { maxConfigBytes, parseImageConfig } from '#oci/image-config.ts'
import { isLayerType } from '#oci/manifest.ts'
import { createTransferMeter, status } from '#image/progress.ts'
import type { OnProgress } from '#image/types.ts'
import type { LayerJob, LayerPhase } from '#image/unpack.ts'
import type { Repository } from '#registry/types.ts'
import type { ContentStore, IngestOptions, Lease } from '#store/types.ts'

export interface BlobSource {
  readonly content: ContentStore
  readonly repository: Repository
  readonly lease: Lease
  readonly onProgress: OnProgress
}

/** @throws EngineError data_loss, invalid_argument */
export async function fetchConfig(
  source: BlobSource,
  { config }: Manifest,
  signal: AbortSignal,
): Promise<ImageConfig> {
  if (config.size > maxConfigBytes) {
    throw new EngineError(
      'invalid_argument',
      `read image config: larger than ${maxConfigBytes} bytes`,
    )
  }
  await fetchBlob(source, { descriptor: config }, signal)
  return parseImageConfig(await source.content.readAll(config.digest, maxConfigBytes))
}

/** @throws EngineError data_loss when config and manifest disagree, invalid_argument for what is no layer */
export function layerJobs(
  source: BlobSource & {
    /** The image is there already: its layers are not worth a line each. */
    readonly isKnown: boolean
  },
  manifest: Manifest,
  config: ImageConfig,
): LayerJob[] {
  const diffIds = config.rootfs.diff_ids
  if (diffIds.length !== manifest.layers.length) {
    throw new EngineError('data_loss', "layers from manifest don't match image configuration")
  }
  return manifest.layers.map((descriptor, index) => {
    const diffId = diffIds[index]
    if (diffId === undefined || !isLayerType(descriptor.mediaType)) {
      throw new EngineError('invalid_argument', `unsupported media type ${descriptor.mediaType}`)
    }
    return {
      descriptor,
      diffId,
      fetch: (tee, signal) => fetchBlob(source, { descriptor, tee }, signal),
      onPhase(phase) {
        if (phase !== 'exists' || !source.isKnown) tellPhase(source.onProgress, descriptor, phase)
      },
    }
  })
}

interface BlobRequest {
  readonly descriptor: Descriptor
  readonly tee?: NonNullable<IngestOptions['tee']>
}

async function fetchBlob(
  source: BlobSource,
  { descriptor, tee }: BlobRequest,
  signal: AbortSignal,
): Promise<void> {
  const { digest, size } = descriptor
  try {
    await source.content.ingest(
      {
        lease: source.lease,
        expected: { digest, sizeBytes: size },
        resume: true,
        source: (offset) =>
          download(source, { descriptor, offset, isLayer: tee !== undefined }, signal),
        ...(tee ? { tee } : {}),
      },
      signal,
    )
  } catch (error) {
    if (errorKind(error) !== 'data_loss') throw error
    const what = tee ? 'filesystem layer' : 'image config'
    throw new EngineError('data_loss', `${what} verification failed for digest ${digest}`, {
      cause: error,
    })
  }
}

interface Download {
  readonly descriptor: Descriptor
  /** Bytes that an earlier attempt left. */
  readonly offset: number
  /** Layers have a progress line, configs none. */
  readonly isLayer: boolean
}

async function* download(
  { repository, onProgress }: BlobSource,
  { descriptor, offset, isLayer }: Download,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const id = shortId(descriptor.digest)
  const tell = isLayer ? onProgress : () => undefined
  const meter = createTransferMeter(
    { id, action: 'Downloading', totalBytes: descriptor.size },
    tell,
  )
  meter.add(offset)
  for await (const chunk of repository.fetchBlob(descriptor, offset, signal)) {
    meter.add(chunk.length)
    yield chunk
  }
  tell(status('Verifying Checksum', id))
}

function tellPhase(onProgress: OnProgress, { digest, size }: Descriptor, phase: LayerPhase): void {
  const id = shortId(digest)
  switch (phase) {
    case 'exists':
      return onProgress(status('Already exists', id))
    case 'pending':
      onProgress(status('Pulling fs layer', id))
      return onProgress(status('Waiting', id))
    case 'started':
      return
    case 'extracting': {
      onProgress(status('Download complete', id))
      const bytes = { currentBytes: size, totalBytes: size }
      return onProgress({ type: 'transfer', id, action: 'Extracting', ...bytes })
    }
    case 'done':
      return onProgress(status('Pull complete', id))
  }
}
