/** What was built for one platform as an image: config, manifest and layers in the content store. */
import type { BuiltPlatform } from '#build/builder/built.ts'
import type { ExportJob } from '#build/export/job.ts'
import type { ImageParts } from '#image/assemble.ts'
import type { MadeImage } from '#image/create.ts'

export interface DescribedPlatform {
  readonly built: BuiltPlatform

  readonly form: MadeImage['form']
  /** More members of the image config: an inline cache. */
  readonly extra?: Readonly<Record<string, unknown>>
}

export async function describeBuilt(
  { images, lease, request }: ExportJob,
  { built, extra, form }: DescribedPlatform,
  signal: AbortSignal,
): Promise<ImageParts> {
  const config = new TextEncoder().encode(JSON.stringify({ ...built.config, ...extra }))
  const hasAnnotations = Object.keys(request.annotations).length > 0
  const made: MadeImage = {
    config,
    layers: built.result.layers,
    form,
    ...(hasAnnotations ? { annotations: request.annotations } : {}),
  }
  return await images.describe(made, { lease, signal })
}
