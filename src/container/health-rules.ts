/** The rules of health checks, pure: what to run, when, and what a probe's result makes of the status. */
import type { HealthcheckConfig } from '#oci/descriptor.ts'
import type { ContainerSpec, Health, HealthProbe } from '#container/types.ts'

const keptProbes = 5

export interface ProbeTimings {
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly startPeriodMs: number
  readonly startIntervalMs: number
  readonly retries: number
}

/** The command of a check; undefined when there is none or `NONE` turns it off. */
export function probeArgs(spec: ContainerSpec): readonly string[] | undefined {
  const [kind, ...rest] = spec.healthcheck?.Test ?? []
  switch (kind) {
    case 'CMD':
      return rest.length === 0 ? undefined : rest
    case 'CMD-SHELL':
      return [...(spec.shell ?? ['/bin/sh', '-c']), rest[0] ?? '']
    default:
      return undefined
  }
}

/** Durations come in nanoseconds; zero and absent mean Docker's default. */
export function timingsOf(config: HealthcheckConfig): ProbeTimings {
  const ms = (nanoseconds: number | undefined, otherwiseMs: number) =>
    nanoseconds === undefined || nanoseconds === 0 ? otherwiseMs : nanoseconds / 1e6
  return {
    intervalMs: ms(config.Interval, 30_000),
    timeoutMs: ms(config.Timeout, 30_000),
    startPeriodMs: ms(config.StartPeriod, 0),
    startIntervalMs: ms(config.StartInterval, 5000),
    retries: config.Retries === undefined || config.Retries === 0 ? 3 : config.Retries,
  }
}

/** One success makes healthy; `retries` failures in a row make unhealthy, except in the start period. */
export function withProbe(
  health: Health,
  probe: HealthProbe,
  { retries, isInStartPeriod }: { readonly retries: number; readonly isInStartPeriod: boolean },
): Health {
  const log = [...health.log, probe].slice(-keptProbes)
  if (probe.code === 0) return { status: 'healthy', failingStreak: 0, log }
  if (health.status === 'starting' && isInStartPeriod) return { ...health, log }
  const failingStreak = health.failingStreak + 1
  const status = failingStreak >= retries ? 'unhealthy' : health.status
  return { status, failingStreak, log }
}
