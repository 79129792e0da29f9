import { EngineError } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { canonicalName } from '#cli/image-name.ts'
import { pullImage } from '#cli/pull-image.ts'
import { parseReference } from '#oci/reference.ts'

export const command: Command = {
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  args: { min: 1, max: 1 },
  declare(flags) {
    const allTags = flags.bool('all-tags', 'Download all tagged images in the repository', {
      short: 'a',
    })
    flags.bool('disable-content-trust', 'Skip image verification', {
      initial: true,
      isHidden: true,
    })
    const platform = flags.text('platform', 'Set platform if server is multi-platform capable')
    const quiet = flags.bool('quiet', 'Suppress verbose output', { short: 'q' })
    return async ([image = ''], context) => {
      const { tag, digest } = parseReference(image)
      if (allTags.value && (tag ?? digest) !== undefined) {
        const message = "tag can't be used with --all-tags/-a"
        throw new EngineError('invalid_argument', message)
      }
      if (tag === undefined && digest === undefined && !allTags.value && !quiet.value) {
        context.output.write('Using default tag: latest\n')
      }
      await pullImage(context, {
        image,
        platform: platform.value,
        isQuiet: quiet.value,
        stream: 'stdout',
        allTags: allTags.value,
      })
      context.output.write(`${canonicalName(image)}\n`)
      return 0
    }
  },
}
