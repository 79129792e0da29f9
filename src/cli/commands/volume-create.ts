import { EngineError } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { toRecord } from '#cli/create/pairs.ts'

export const command: Command = {
  usage: '[OPTIONS] [VOLUME]',
  args: { min: 0, max: 1 },
  declare(flags) {
    const driver = flags.text('driver', 'Specify volume driver name', {
      short: 'd',
      initial: 'local',
    })
    const label = flags.list('label', 'Set metadata for a volume')
    const opt = flags.list('opt', 'Set driver specific options', { short: 'o', type: 'map' })
    const oldName = flags.text('name', 'Specify volume name', { isHidden: true })
    return async ([given], { client, output }) => {
      if (oldName.isSet && given !== undefined) {
        const message =
          'conflicting options: cannot specify a volume-name through both --name and as a positional arg'
        throw new EngineError('invalid_argument', message)
      }
      const name = given ?? (oldName.value || undefined)
      const volume = await client.volumes.create({
        Name: name,
        Driver: driver.value,
        DriverOpts: toRecord(opt.value),
        Labels: toRecord(label.value),
      })
      output.write(`${volume.Name}\n`)
      return 0
    }
  },
}
