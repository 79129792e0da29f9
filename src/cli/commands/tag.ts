import { EngineError, errorMessage } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { splitTag } from '#cli/image-name.ts'

export const command: Command = {
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  args: { min: 2, max: 2 },
  completes: 'images',
  declare:
    () =>
    async ([source = '', target = ''], { client }) => {
      const { repository, tag } = readTarget(target)
      await client.images.tag(source, repository, tag ?? 'latest')
      return 0
    },
}

function readTarget(target: string): ReturnType<typeof splitTag> {
  try {
    return splitTag(target)
  } catch (error) {
    const what = `"${target}" is not a valid repository/tag`
    const message = `Error parsing reference: ${what}: ${errorMessage(error)}`
    throw new EngineError('invalid_argument', message, { cause: error })
  }
}
