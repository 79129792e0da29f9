import type { Command } from '#cli/command.ts'
import { errorText, exitCodes } from '#cli/failures.ts'
import { declareFormat } from '#cli/format-flags.ts'
import { infoText } from '#cli/format/info-text.ts'
import { version } from '#cli/product.ts'
import { formatJson } from '#client/json.ts'
import type { Info } from '#wire/system.ts'

export const command: Command = {
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  declare(flags) {
    const format = declareFormat(flags)
    return async (_args, { client, connection, output }) => {
      const clientInfo = {
        Version: version,
        Context: connection.context,
        Debug: false,
        Plugins: [],
      }
      let info: Info | undefined
      try {
        info = await client.system.info()
      } catch (error) {
        if (format.value !== '') throw error
        output.write(infoText(clientInfo, undefined))
        output.writeError(`${errorText(error)}\n`)
        return 1
      }
      const value = { ...info, ClientInfo: clientInfo }
      if (format.value === '') output.write(infoText(clientInfo, info))
      else if (format.value === 'json') output.write(`${formatJson(value)}\n`)
      else {
        const { objectTemplate } = await import('#cli/format/object-template.ts')
        const template = objectTemplate(format.value, output, { runFailure: '' })
        if (!template) return exitCodes.template
        const { withTypes } = await import('#cli/template/typed.ts')
        const wire = await import('#wire/system.ts')
        output.write(`${template(withTypes(value, wire.Info))}\n`)
      }
      for (const warning of format.value === '' ? (info.Warnings ?? []) : []) {
        output.writeError(`${warning}\n`)
      }
      return 0
    }
  },
}
