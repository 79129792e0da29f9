/** What was built for one platform as an image: config, manifest and layers in the content store. */
import type { BuiltPlatform } from '#build/builder/built.ts'
import { annotationsFor } from '#build/export/annotations.ts'
import type { ExportJob } from '#build/export/job.ts'
import type { ImageParts } from '#image/assemble.ts'
import type { MadeImage } from '#image/create.ts'
import type { MediaFamily } from '#image/media-types.ts'

export interface DescribedPlatform {
  readonly built: BuiltPlatform
  readonly form: MadeImage['form']
  readonly mediaFamily: MediaFamily
  /** More members of the image config: an inline cache. */
  readonly extra?: Readonly<Record<string, unknown>>
}

export async function describeBuilt(
  { images, lease, request }: ExportJob,
  { built, extra, form, mediaFamily }: DescribedPlatform,
  signal: AbortSignal,
): Promise<ImageParts> {
  const config = new TextEncoder().encode(JSON.stringify({ ...built.config, ...extra }))
  const made: MadeImage = {
    config,
    layers: built.result.layers,
    form,
    mediaFamily,
    ...annotationsFor(request.annotations, { level: 'manifest', platform: built.platform }),
  }
  return await images.describe(made, { lease, signal })
}
