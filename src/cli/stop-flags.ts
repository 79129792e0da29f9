import type { FlagSet } from '#cli/flags/flag-set.ts'
import { parseInteger } from '#cli/flags/flag-set.ts'
import type { StopOptions } from '#client/containers.ts'

/** `--signal` and `--timeout` (`--time`, its old name) of stop and restart. */
export function declareStopFlags(flags: FlagSet): () => StopOptions {
  const signal = flags.text('signal', 'Signal to send to the container', { short: 's' })
  let timeoutS: number | undefined
  const timeout = {
    initial: 0,
    type: 'int',
    parse: (text: string) => (timeoutS = parseInteger(text)),
  }
  const help = 'Seconds to wait before killing the container'
  flags.add('timeout', help, { ...timeout, short: 't' })
  flags.add('time', help, { ...timeout, isHidden: true })
  return () => ({ signal: signal.value, timeoutS })
}
