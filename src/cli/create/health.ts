import { EngineError } from '#base/errors.ts'
import { toRecord } from '#cli/create/pairs.ts'
import type { CreatePart } from '#cli/create/parts.ts'
import type { FlagSet } from '#cli/flags/flag-set.ts'
import { parseDuration } from '#wire/duration.ts'

/** Flags about health checks, logs and what happens after the exit. */
export function declareHealthFlags(flags: FlagSet): () => CreatePart {
  const health = declareCheckFlags(flags)
  const logDriver = flags.text('log-driver', 'Logging driver for the container')
  const logOpt = flags.list('log-opt', 'Log driver options')
  const restart = flags.text('restart', 'Restart policy to apply when a container exits')
  const remove = flags.bool(
    'rm',
    'Automatically remove the container and its associated anonymous volumes when it exits',
  )
  return () => {
    const policy = parseRestartPolicy(restart.value)
    if (remove.value && policy && policy.Name !== 'no') {
      const message = 'conflicting options: cannot specify both --restart and --rm'
      throw new EngineError('invalid_argument', message)
    }
    const hasLog = logDriver.isSet || logOpt.isSet
    return {
      config: { Healthcheck: health() },
      host: {
        RestartPolicy: policy,
        AutoRemove: remove.value || undefined,
        LogConfig: hasLog
          ? { Type: logDriver.value || undefined, Config: toRecord(logOpt.value) }
          : undefined,
      },
    }
  }
}

type Healthcheck = NonNullable<CreatePart['config']>['Healthcheck']

function declareCheckFlags(flags: FlagSet): () => Healthcheck {
  const span = { initial: 0, type: 'duration', parse: parseDuration }
  const command = flags.text('health-cmd', 'Command to run to check health')
  const interval = flags.add('health-interval', 'Time between running the check (ms|s|m|h)', span)
  const retries = flags.integer('health-retries', 'Consecutive failures needed to report unhealthy')
  const startPeriod = flags.add(
    'health-start-period',
    'Start period for the container to initialize before starting health-retries countdown (ms|s|m|h)',
    span,
  )
  const startInterval = flags.add(
    'health-start-interval',
    'Time between running the check during the start period (ms|s|m|h)',
    span,
  )
  const timeout = flags.add(
    'health-timeout',
    'Maximum time to allow one check to run (ms|s|m|h)',
    span,
  )
  const none = flags.bool('no-healthcheck', 'Disable any container-specified HEALTHCHECK')
  return () => {
    const cells = {
      interval,
      retries,
      'start-period': startPeriod,
      'start-interval': startInterval,
      timeout,
    }
    const isGiven = command.isSet || Object.values(cells).some((cell) => cell.isSet)
    if (none.value) {
      if (isGiven) {
        const message = '--no-healthcheck conflicts with --health-* options'
        throw new EngineError('invalid_argument', message)
      }
      return { Test: ['NONE'] }
    }
    if (!isGiven) return undefined
    const wrong = Object.entries(cells).find(([, cell]) => cell.value < 0)
    if (wrong) {
      throw new EngineError('invalid_argument', `--health-${wrong[0]} cannot be negative`)
    }
    return {
      Test: command.value === '' ? undefined : ['CMD-SHELL', command.value],
      Interval: interval.value || undefined,
      Timeout: timeout.value || undefined,
      StartPeriod: startPeriod.value || undefined,
      StartInterval: startInterval.value || undefined,
      Retries: retries.value || undefined,
    }
  }
}

/** `on-failure:3`. The engine checks the name. @throws EngineError invalid_argument */
export function parseRestartPolicy(
  text: string,
): { readonly Name: string; readonly MaximumRetryCount?: number } | undefined {
  if (text === '') return undefined
  const colon = text.indexOf(':')
  if (colon === -1) return { Name: text }
  const count = text.slice(colon + 1)
  if (colon === 0) {
    const message = 'invalid restart policy format: no policy provided before colon'
    throw new EngineError('invalid_argument', message)
  }
  if (!/^-?\d+$/.test(count)) {
    const message = 'invalid restart policy format: maximum retry count must be an integer'
    throw new EngineError('invalid_argument', message)
  }
  return { Name: text.slice(0, colon), MaximumRetryCount: Number(count) }
}
