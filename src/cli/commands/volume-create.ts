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
    return async ([name], { client, output }) => {
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
