import type { Command } from '#cli/command.ts'
import { declareFormat } from '#cli/format-flags.ts'
import { checkObjectType, inspectObjects, readAnyObject } from '#cli/inspect-objects.ts'

export const command: Command = {
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  args: { min: 1 },
  completes: 'containers',
  declare(flags) {
    const format = declareFormat(flags)
    const size = flags.bool('size', 'Display total file sizes if the type is container', {
      short: 's',
    })
    const type = flags.text('type', 'Only inspect objects of the given type')
    return async (names, context) => {
      checkObjectType(type.value)
      return inspectObjects(names, context, {
        format: format.value,
        read: (name) => readAnyObject(context, name, { type: type.value, size: size.value }),
      })
    }
  },
}
