import { formatJson } from '#client/json.ts'
import type { Command } from '#cli/command.ts'
import { newestBuild } from '#cli/build/newest.ts'
import { declareFormat } from '#cli/format-flags.ts'
import { exitCodes } from '#cli/failures.ts'

export const command: Command = {
  usage: '[OPTIONS] [BUILD]',
  args: { min: 0, max: 1 },
  declare(flags) {
    const format = declareFormat(flags)
    return async ([id], { client, output }) => {
      const record = await client.builds.inspect(id ?? (await newestBuild(client)))
      if (format.value === '' || format.value === 'json') {
        output.write(`${formatJson(record, 2)}\n`)
        return 0
      }
      const { objectTemplate } = await import('#cli/format/object-template.ts')
      const template = objectTemplate(format.value, output)
      if (!template) return exitCodes.template
      output.write(`${template(record)}\n`)
      return 0
    }
  },
}
