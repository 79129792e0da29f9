/** Writes what was built to every place that the request names, and says what came of it. */
import { EngineError } from '#base/errors.ts'
import { checkAnnotations } from '#build/export/annotations.ts'
import { exportCaches, inlineCache } from '#build/export/cache-export.ts'
import { describeBuilt } from '#build/export/describe.ts'
import { archiveFiles } from '#build/export/files.ts'
import type { ExportJob } from '#build/export/job.ts'
import { buildMetadata } from '#build/export/metadata.ts'
import { describeIndex, needsIndex } from '#build/export/platforms.ts'
import { squash } from '#build/export/squash.ts'
import type { BuildOutcome, BuildOutput, ImageForm } from '#build/types.ts'
import type { ImageParts } from '#image/assemble.ts'
import type { Descriptor } from '#oci/descriptor.ts'
import { formatReference, withDefaultTag } from '#oci/reference.ts'

type Outcome = Omit<BuildOutcome, 'buildId'>
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

/** Every output of an image shows its own work; those of one form write the same manifests. */
async function writeOutputs(job: ExportJob, signal: AbortSignal): Promise<Outcome> {
  checkAnnotations(job.request.annotations, needsIndex(job))
  let parts: ImageParts | undefined
  const described = new Map<string, ImageParts>()
  const describeOnce = async ({ form }: BuildOutput, done: Done) => {
    const key = JSON.stringify(form ?? {})
    parts = described.get(key) ?? (await describe(job, { form, done }, signal))
    described.set(key, parts)
    return parts
  }
  let descriptor: Descriptor | undefined
  for (const output of outputsOf(job)) {
    await job.around(workName(output), async (done) => {
      if (output.type === 'image') {
        const { isPushed } = output
        const image = { parts: await describeOnce(output, done), isPushed, done }
        descriptor = await recordImage(job, image, signal)
      } else if (output.type === 'tar' || output.type === 'local') {
        await output.write(archiveFiles(job, signal))
      } else {
        const { type: format, write } = output
        await writeArchive(job, { format, write, parts: await describeOnce(output, done) }, signal)
      }
    })
  }
  const named = descriptor ?? (parts && (parts.index ?? parts.manifest))
  return {
    ...(parts ? { imageId: parts.configDescriptor.digest } : {}),
    ...(named ? { descriptor: named.digest } : {}),
    metadata: buildMetadata(job, parts, named),
  }
}

/** Tells a finished part of the work. */
type Done = (text: string) => void

function workName({ type }: BuildOutput): string {
  switch (type) {
    case 'image':
      return 'exporting to image'
    case 'docker':
    case 'oci':
      return `exporting to ${type} image format`
    case 'tar':
      return 'exporting to client tarball'
    case 'local':
      return 'exporting to client directory'
  }
}

function outputsOf({ request }: ExportJob): readonly BuildOutput[] {
  return request.outputs.length === 0 ? defaultOutputs : request.outputs
}

interface Description {
  readonly form: ImageForm | undefined
  readonly done: Done
}

async function describe(
  job: ExportJob,
  { form, done }: Description,
  signal: AbortSignal,
): Promise<ImageParts> {
  const parts = await describeImage(job, form, signal)
  done('exporting layers')
  done(`exporting manifest ${parts.manifest.digest}`)
  done(`exporting config ${parts.configDescriptor.digest}`)
  if (parts.index) done(`exporting manifest list ${parts.index.digest}`)
  return parts
}

/** Layers stay as they are when the image stays here: nothing is compressed for nobody. */
async function describeImage(
  job: ExportJob,
  asked: ImageForm | undefined,
  signal: AbortSignal,
): Promise<ImageParts> {
  const cache = inlineCache(job)
  const leaves = needsIndex(job) || outputsOf(job).some(({ type }) => type !== 'image')
  const options = {
    ...(cache ? { extra: cache } : {}),
    form: asked?.blobs ?? (leaves ? 'compressed' : 'present'),
    mediaFamily: asked?.mediaFamily ?? 'oci',
  } as const
  if (needsIndex(job)) return await describeIndex(job, options, signal)
  const [built] = job.built
  if (!built) throw new EngineError('internal', 'export: nothing was built')
  return await describeBuilt(job, { built, ...options }, signal)
}

interface RecordedImage {
  readonly parts: ImageParts
  readonly isPushed: boolean
  readonly done: Done
}

/** @returns what the image is known by: here, or in the registry once it is pushed */
async function recordImage(
  { images, request }: ExportJob,
  { parts, isPushed, done }: RecordedImage,
  signal: AbortSignal,
): Promise<Descriptor> {
  const { id } = await images.create(parts, request.tags)
  const references = request.tags.map(withDefaultTag)
  for (const reference of references) done(`naming to ${formatReference(reference)}`)
  if (isPushed) {
    if (references.length === 0) {
      throw new EngineError('invalid_argument', 'tag is needed when pushing to registry')
    }
    for (const reference of references) {
      const auth = request.registryAuth(reference.registry)
      await images.push({ reference, ...(auth ? { auth } : {}) }, signal)
      const { index, manifest } = images.get(id)
      done('pushing layers')
      done(`pushing manifest for ${formatReference(reference)}@${(index ?? manifest).digest}`)
    }
  }
  const image = images.get(id)
  return image.index ?? image.manifest
}

interface WrittenArchive {
  readonly format: 'docker' | 'oci'
  readonly write: (archive: AsyncIterable<Uint8Array>) => Promise<void>
  readonly parts: ImageParts
}

async function writeArchive(
  { images, lease, request }: ExportJob,
  { format, write, parts }: WrittenArchive,
  signal: AbortSignal,
): Promise<void> {
  if (format === 'docker' && parts.index) {
    throw new EngineError(
      'invalid_argument',
      'docker exporter does not currently support exporting manifest lists',
    )
  }
  const archived = { parts, names: request.tags, format, lease }
  await write(images.archive(archived, signal))
}
