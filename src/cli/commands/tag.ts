import type { Command } from '#cli/command.ts'
import { splitTag } from '#cli/image-name.ts'

export const command: Command = {
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  args: { min: 2, max: 2 },
  completes: 'images',
  declare:
    () =>
    async ([source = '', target = ''], { client }) => {
      const { repository, tag } = splitTag(target)
      await client.images.tag(source, repository, tag ?? 'latest')
      return 0
    },
}
