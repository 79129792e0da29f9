/** Images of several platforms, and attestations of them, under one index (image-spec image-index.md). */
import { EngineError } from '#base/errors.ts'
import type { BuiltPlatform } from '#build/builder/built.ts'
import { annotationsFor } from '#build/export/annotations.ts'
import { describeBuilt, type DescribedPlatform } from '#build/export/describe.ts'
import type { ExportJob } from '#build/export/job.ts'
import { predicateType, provenanceStatement } from '#build/export/provenance.ts'
import type { ImageParts } from '#image/assemble.ts'
import { storeBytes } from '#image/build-manifest.ts'
import { type Descriptor, type Index, mediaTypes } from '#oci/descriptor.ts'
import { type Digest, digestOf } from '#oci/digest.ts'
import { formatPlatform, hostPlatform } from '#oci/platform.ts'

const statementMediaType = 'application/vnd.in-toto+json'

/** True when the build gives more than one manifest. */
export function needsIndex({ built, request }: ExportJob): boolean {
  return built.length > 1 || request.provenance !== undefined
}

interface Entry {
  readonly built: BuiltPlatform
  readonly parts: ImageParts
}

type IndexOptions = Pick<DescribedPlatform, 'extra' | 'form' | 'mediaFamily'>

/**
 * Stores everything. Layers are compressed: the index is about digests that will not change.
 * @returns the image of this machine's platform, or of the first, with the index around it
 */
export async function describeIndex(
  job: ExportJob,
  options: IndexOptions,
  signal: AbortSignal,
): Promise<ImageParts> {
  const entries: Entry[] = []
  for (const built of job.built) {
    entries.push({ built, parts: await describeBuilt(job, { ...options, built }, signal) })
  }
  const { annotations } = job.request
  const manifests = entries.map(({ built, parts }) => ({
    ...parts.manifest,
    platform: built.platform,
    ...annotationsFor(annotations, { level: 'manifest-descriptor', platform: built.platform }),
  }))
  const attestations = job.request.provenance === undefined ? [] : await attest(job, entries)
  const all = [...manifests, ...attestations.map(({ descriptor }) => descriptor)]
  // Docker's list has no word for attestations.
  const isList = options.mediaFamily === 'docker' && attestations.length === 0
  const index = await storeIndex(
    job,
    isList ? mediaTypes.dockerManifestList : mediaTypes.ociIndex,
    all,
  )
  const own = hostEntry(entries)
  const attached = [
    ...entries.filter((entry) => entry !== own).flatMap(({ parts }) => blobsOf(parts)),
    ...attestations.flatMap(({ blobs }) => blobs),
  ]
  return { ...own.parts, index, attached }
}

function hostEntry(entries: readonly Entry[]): Entry {
  const host = formatPlatform(hostPlatform())
  const own = entries.find(({ built }) => formatPlatform(built.platform) === host) ?? entries[0]
  if (own) return own
  throw new EngineError('internal', 'export: nothing was built')
}

function blobsOf({ configDescriptor, layers, manifest }: ImageParts): Digest[] {
  return [manifest, configDescriptor, ...layers].map(({ digest }) => digest)
}

async function storeIndex(
  { lease, machine, request }: ExportJob,
  mediaType: string,
  manifests: readonly Descriptor[],
): Promise<Descriptor> {
  const index: Index = {
    schemaVersion: 2,
    mediaType,
    manifests,
    ...annotationsFor(request.annotations, { level: 'index' }),
  }
  const { content } = machine.stores
  return await storeBytes({ content, lease }, mediaType, encode(index))
}

interface Attestation {
  readonly descriptor: Descriptor
  /** Its manifest's and those that it names. */
  readonly blobs: readonly Digest[]
}

/** One manifest per image whose only layer is the statement, in the form that BuildKit gave them. */
async function attest(job: ExportJob, entries: readonly Entry[]): Promise<Attestation[]> {
  const target = { content: job.machine.stores.content, lease: job.lease }
  const store = (mediaType: string, value: object) => storeBytes(target, mediaType, encode(value))
  const attestations: Attestation[] = []
  for (const { built, parts } of entries) {
    const subject = parts.manifest.digest
    const statement = provenanceStatement(job, built, subject)
    const layer = await store(statementMediaType, statement)
    const config = await store(mediaTypes.ociConfig, {
      architecture: 'unknown',
      os: 'unknown',
      config: {},
      rootfs: { type: 'layers', diff_ids: [digestOf(encode(statement))] },
    })
    const manifest = await store(mediaTypes.ociManifest, {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config,
      layers: [{ ...layer, annotations: { 'in-toto.io/predicate-type': predicateType } }],
    })
    const annotations = {
      'vnd.docker.reference.digest': subject,
      'vnd.docker.reference.type': 'attestation-manifest',
    }
    attestations.push({
      descriptor: {
        ...manifest,
        annotations,
        platform: { architecture: 'unknown', os: 'unknown' },
      },
      blobs: [manifest.digest, config.digest, layer.digest],
    })
  }
  return attestations
}

function encode(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}
