import { EngineError, errorMessage } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { parseTimestamp } from '#cli/format/timestamps.ts'
import { copyOutput } from '#cli/terminal/streams.ts'

export const command: Command = {
  usage: '[OPTIONS] CONTAINER',
  args: { min: 1, max: 1 },
  completes: 'containers',
  declare(flags) {
    const details = flags.bool('details', 'Show extra details provided to logs')
    const follow = flags.bool('follow', 'Follow log output', { short: 'f' })
    const since = flags.text(
      'since',
      'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    )
    const tail = flags.text('tail', 'Number of lines to show from the end of the logs', {
      short: 'n',
      initial: 'all',
    })
    const timestamps = flags.bool('timestamps', 'Show timestamps', { short: 't' })
    const until = flags.text(
      'until',
      'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    )
    return async ([id = ''], { client, output }) => {
      const stream = await client.containers.logs(id, {
        stdout: true,
        stderr: true,
        follow: follow.value,
        timestamps: timestamps.value,
        details: details.value,
        since: readTime('since', since.value),
        until: readTime('until', until.value),
        tail: tail.value === 'all' ? undefined : tail.value,
      })
      await copyOutput(stream.chunks, stream.isMultiplexed, output)
      return 0
    }
  },
}

function readTime(flag: string, text: string): string | undefined {
  try {
    return parseTimestamp(text, Date.now())
  } catch (error) {
    const message = `invalid value for "${flag}": ${errorMessage(error)}`
    throw new EngineError('invalid_argument', message, { cause: error })
  }
}
