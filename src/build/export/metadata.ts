/** What `--metadata-file` holds, under the keys that clients of BuildKit look for. */
import type { ExportJob } from '#build/export/job.ts'
import { provenancePredicate } from '#build/export/provenance.ts'
import type { ImageParts } from '#image/assemble.ts'
import type { Descriptor } from '#oci/descriptor.ts'
import { formatReference, withDefaultTag } from '#oci/reference.ts'

export function buildMetadata(
  job: ExportJob,
  parts: ImageParts | undefined,
  descriptor: Descriptor | undefined,
): Readonly<Record<string, unknown>> {
  const { buildId, built, request } = job
  const [first] = built
  const names = request.tags.map((tag) => formatReference(withDefaultTag(tag)))
  return {
    'buildx.build.ref': `default/default/${buildId}`,
    ...(request.provenance !== undefined && first
      ? { 'buildx.build.provenance': provenancePredicate(job, first) }
      : {}),
    ...(parts ? { 'containerimage.config.digest': parts.configDescriptor.digest } : {}),
    ...(descriptor
      ? { 'containerimage.descriptor': descriptor, 'containerimage.digest': descriptor.digest }
      : {}),
    ...(names.length > 0 ? { 'image.name': names.join(',') } : {}),
  }
}
