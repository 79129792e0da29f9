import type { CommandContext } from '#cli/command.ts'
import { registryAuthHeader } from '#cli/config/credentials.ts'
import { canonicalTag } from '#cli/image-name.ts'
import { writeProgress } from '#cli/progress.ts'

export interface PullRequest {
  readonly image: string
  readonly platform?: string | undefined
  readonly isQuiet: boolean
  /** Where progress goes: `run` keeps stdout for the container. */
  readonly stream: 'stdout' | 'stderr'
  /** Every tag of the repository. */
  readonly allTags?: boolean
}

/** Pulls with the credentials of the configuration; shows progress. @throws EngineError */
export async function pullImage(context: CommandContext, request: PullRequest): Promise<void> {
  const { client, output, settings } = context
  const name = request.allTags ? request.image : canonicalTag(request.image)
  const lines = await client.images.pull({
    reference: name,
    platform: request.platform || settings.variables['DOCKER_DEFAULT_PLATFORM'],
    registryAuth: await registryAuthHeader(settings.file, request.image),
  })
  await writeProgress(lines, {
    output,
    stream: request.stream,
    isQuiet: request.isQuiet,
  })
}
