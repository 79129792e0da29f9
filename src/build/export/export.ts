/** Writes what was built to every place that the request names, and says what came of it. */
import { EngineError } from '#base/errors.ts'
import { exportCaches, inlineCache } from '#build/export/cache-export.ts'
import { describeBuilt } from '#build/export/describe.ts'
import { archiveFiles } from '#build/export/files.ts'
import type { ExportJob } from '#build/export/job.ts'
import { buildMetadata } from '#build/export/metadata.ts'
import { describeIndex, needsIndex } from '#build/export/platforms.ts'
import { squash } from '#build/export/squash.ts'
import type { BuildOutcome, BuildOutput } from '#build/types.ts'
import type { ImageParts } from '#image/assemble.ts'
import type { Descriptor } from '#oci/descriptor.ts'
import { withDefaultTag } from '#oci/reference.ts'

type Outcome = Omit<BuildOutcome, 'buildId'>
type ArchiveOutput = Exclude<BuildOutput, { readonly type: 'image' }>

/** @throws EngineError; an image that cannot be pushed stays recorded, as with Docker */
export async function exportBuild(given: ExportJob, signal: AbortSignal): Promise<Outcome> {
  const job = given.request.squashes ? await squash(given, signal) : given
  const outcome = await writeOutputs(job, signal)
  // The cache tells of the layers as they were built: squashing is no step.
  await exportCaches(given, signal)
  return outcome
}

/** What a build without a word about outputs gives. */
const defaultOutputs: readonly BuildOutput[] = [{ type: 'image', isPushed: false }]

async function writeOutputs(job: ExportJob, signal: AbortSignal): Promise<Outcome> {
  const outputs = outputsOf(job)
  const needsImage = outputs.some(({ type }) => type !== 'tar' && type !== 'local')
  const parts = needsImage
    ? await job.around('exporting to image', () => describe(job, signal))
    : undefined
  let descriptor: Descriptor | undefined
  for (const output of outputs) {
    if (output.type === 'image' && parts) {
      descriptor = await recordImage(job, { parts, isPushed: output.isPushed }, signal)
    } else if (output.type !== 'image') await writeArchive(job, { output, parts }, signal)
  }
  const named = descriptor ?? (parts && (parts.index ?? parts.manifest))
  return {
    ...(parts ? { imageId: parts.configDescriptor.digest } : {}),
    ...(named ? { descriptor: named.digest } : {}),
    metadata: buildMetadata(job, parts, named),
  }
}

function outputsOf({ request }: ExportJob): readonly BuildOutput[] {
  return request.outputs.length === 0 ? defaultOutputs : request.outputs
}

/** Layers stay as they are when the image stays here: nothing is compressed for nobody. */
async function describe(job: ExportJob, signal: AbortSignal): Promise<ImageParts> {
  const cache = inlineCache(job)
  const extra = cache ? { extra: cache } : {}
  if (needsIndex(job)) return await describeIndex(job, extra, signal)
  const [built] = job.built
  if (!built) throw new EngineError('internal', 'export: nothing was built')
  const leaves = outputsOf(job).some(({ type }) => type !== 'image')
  const form = leaves ? 'compressed' : 'present'
  return await describeBuilt(job, { built, ...extra, form }, signal)
}

interface RecordedImage {
  readonly parts: ImageParts
  readonly isPushed: boolean
}

/** @returns what the image is known by: here, or in the registry once it is pushed */
async function recordImage(
  { around, images, request }: ExportJob,
  { parts, isPushed }: RecordedImage,
  signal: AbortSignal,
): Promise<Descriptor> {
  const { id } = await images.create(parts, request.tags)
  if (isPushed) {
    if (request.tags.length === 0) {
      throw new EngineError('invalid_argument', 'tag is needed when pushing to registry')
    }
    for (const tag of request.tags) {
      const reference = withDefaultTag(tag)
      const auth = request.registryAuth(reference.registry)
      await around(`pushing ${reference.registry}/${reference.repository}`, () =>
        images.push({ reference, ...(auth ? { auth } : {}) }, signal),
      )
    }
  }
  const image = images.get(id)
  return image.index ?? image.manifest
}

interface WrittenArchive {
  readonly output: ArchiveOutput
  readonly parts: ImageParts | undefined
}

async function writeArchive(
  job: ExportJob,
  { output, parts }: WrittenArchive,
  signal: AbortSignal,
): Promise<void> {
  const { around, images, lease, request } = job
  switch (output.type) {
    case 'tar':
    case 'local':
      return await around(`exporting to client ${output.type}`, () =>
        output.write(archiveFiles(job, signal)),
      )
    case 'docker':
    case 'oci': {
      const format = output.type
      if (!parts) throw new EngineError('internal', `export ${format}: no image`)
      if (format === 'docker' && parts.index) {
        throw new EngineError(
          'invalid_argument',
          'docker exporter does not currently support exporting manifest lists',
        )
      }
      const archived = { parts, names: request.tags, format, lease }
      return await around(`exporting to ${format} image format`, () =>
        output.write(images.archive(archived, signal)),
      )
    }
  }
}
