import { createReadStream, existsSync } from 'node:fs'
import { EngineError } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { splitTag } from '#cli/image-name.ts'
import { writeProgress } from '#cli/progress.ts'
import { isTerminal } from '#cli/terminal/is-terminal.ts'

export const command: Command = {
  usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  args: { min: 1 },
  completes: 'files',
  declare(flags) {
    const change = flags.list('change', 'Apply Dockerfile instruction to the created image', {
      short: 'c',
    })
    const message = flags.text('message', 'Set commit message for imported image', { short: 'm' })
    const platform = flags.text('platform', 'Set platform if server is multi-platform capable')
    return async ([source = '', name], { client, output }) => {
      const target = name === undefined ? undefined : splitTag(name)
      const lines = await client.images.importArchive(openSource(source), {
        reference: target?.repository,
        tag: target?.tag,
        message: message.value || undefined,
        changes: change.value,
        platform: platform.value || undefined,
      })
      await writeProgress(lines, { output, stream: 'stdout' })
      return 0
    }
  },
}

function openSource(source: string): AsyncIterable<Uint8Array> | string {
  if (/^https?:\/\//.test(source)) return source
  if (source !== '-') {
    if (!existsSync(source)) {
      throw new EngineError('not_found', `open ${source}: no such file or directory`)
    }
    return createReadStream(source, { highWaterMark: 1 << 18 })
  }
  if (isTerminal(0)) {
    throw new EngineError('invalid_argument', 'cannot import from a terminal: pipe an archive in')
  }
  return process.stdin
}
