import { EngineError } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { registryAuthHeader } from '#cli/config/credentials.ts'
import { platformQuery } from '#cli/platform-query.ts'
import { writeProgress } from '#cli/progress.ts'
import { familiarName, formatReference, parseReference, withDefaultTag } from '#oci/reference.ts'

export const command: Command = {
  usage: '[OPTIONS] NAME[:TAG]',
  args: { min: 1, max: 1 },
  completes: 'images',
  declare(flags) {
    const allTags = flags.bool('all-tags', 'Push all tags of an image to the repository', {
      short: 'a',
    })
    flags.bool('disable-content-trust', 'Skip image signing', { initial: true, isHidden: true })
    const platform = flags.text(
      'platform',
      'Push a platform-specific manifest as a single-platform image to the registry',
    )
    const quiet = flags.bool('quiet', 'Suppress verbose output', { short: 'q' })
    return async ([image = ''], { client, output, settings }) => {
      const named = parseReference(image)
      if (allTags.value && (named.tag ?? named.digest) !== undefined) {
        throw new EngineError('invalid_argument', "tag can't be used with --all-tags/-a")
      }
      const reference = allTags.value ? named : withDefaultTag(named)
      if (!allTags.value && (named.tag ?? named.digest) === undefined && !quiet.value) {
        output.write(`Using default tag: ${reference.tag}\n`)
      }
      const { registry, repository } = reference
      const lines = await client.images.push({
        repository: familiarName({ registry, repository }),
        tag: reference.tag,
        platform: platformQuery(platform.value),
        registryAuth: await registryAuthHeader(settings.file, image),
      })
      await writeProgress(lines, { output, stream: 'stdout', isQuiet: quiet.value })
      if (quiet.value) output.write(`${formatReference(reference)}\n`)
      return 0
    }
  },
}
