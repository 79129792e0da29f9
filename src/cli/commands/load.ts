import { createReadStream, existsSync } from 'node:fs'
import { EngineError } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { platformQuery } from '#cli/platform-query.ts'
import { writeProgress } from '#cli/progress.ts'
import { isTerminal } from '#cli/terminal/is-terminal.ts'

export const command: Command = {
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  completes: 'files',
  declare(flags) {
    const input = flags.text('input', 'Read from tar archive file, instead of STDIN', {
      short: 'i',
    })
    const platform = flags.text('platform', 'Load only the given platform variant')
    const quiet = flags.bool('quiet', 'Suppress the load output', { short: 'q' })
    return async (_args, { client, output }) => {
      const path = input.value
      if (path !== '' && !existsSync(path)) {
        throw new EngineError('not_found', `open ${path}: no such file or directory`)
      }
      const wanted = platformQuery(platform.value)
      if (path === '' && isTerminal(0)) {
        throw new EngineError('invalid_argument', 'requested load from stdin, but stdin is empty')
      }
      const archive =
        path === '' ? process.stdin : createReadStream(path, { highWaterMark: 1 << 18 })
      const lines = await client.images.load(archive, {
        quiet: quiet.value || output.columns('stdout') === undefined,
        platform: wanted,
      })
      await writeProgress(lines, { output, stream: 'stdout' })
      return 0
    }
  },
}
