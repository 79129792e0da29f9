import { formatInstant, type Instant, millisOf, zeroTime } from '#base/clock.ts'
import type {
  ContainerRecord,
  ContainerState,
  ExitFacts,
  Health,
  RunFacts,
} from '#container/types.ts'
import { formatDuration } from '#wire/duration.ts'
import type { ContainerStateBody, Health as HealthBody } from '#wire/containers.ts'

/** `State` of inspect. */
export function toStateBody(state: ContainerState, health?: Health): ContainerStateBody {
  const base = {
    ...(health ? { Health: toHealthBody(health) } : {}),
    Status: state.status,
    Running: state.status === 'running' || state.status === 'paused',
    Paused: state.status === 'paused',
    Restarting: state.status === 'restarting',
    OOMKilled: false,
    Dead: state.status === 'dead',
    Pid: 0,
    ExitCode: 0,
    Error: '',
    StartedAt: zeroTime,
    FinishedAt: zeroTime,
  }
  switch (state.status) {
    case 'created':
      return { ...base, ExitCode: state.failure?.code ?? 0, Error: state.failure?.message ?? '' }
    case 'running':
    case 'paused':
      return { ...base, ...runFields(state.run) }
    case 'restarting':
      // Docker calls a container that waits for its next start running too.
      return { ...base, ...exitFields(state.last), Running: true }
    case 'exited':
      return { ...base, ...exitFields(state.last) }
    case 'removing':
      return { ...base, ...exitFields(state.last) }
    case 'dead':
      return { ...base, ...exitFields(state.last), Error: state.reason }
  }
}

function toHealthBody({ status, failingStreak, log }: Health): HealthBody {
  return {
    Status: status,
    FailingStreak: failingStreak,
    Log: log.map((probe) => ({
      Start: formatInstant(probe.startedAt),
      End: formatInstant(probe.finishedAt),
      ExitCode: probe.code,
      Output: probe.output,
    })),
  }
}

function runFields(run: RunFacts) {
  return {
    Pid: run.pid,
    StartedAt: formatInstant(run.startedAt),
    FinishedAt: run.previous ? formatInstant(run.previous.finishedAt) : zeroTime,
  }
}

function exitFields(last: ExitFacts | undefined) {
  if (!last) return {}
  return {
    ExitCode: last.code,
    OOMKilled: last.isOomKilled,
    Error: last.error ?? '',
    StartedAt: formatInstant(last.startedAt),
    FinishedAt: formatInstant(last.finishedAt),
  }
}

/** `Status` of a list row: `Up 3 minutes (healthy)`, `Exited (0) 2 seconds ago`. */
export function formatStatus(state: ContainerState, at: Instant, health?: Health): string {
  const since = (instant: Instant) => formatDuration(millisOf(at) - millisOf(instant))
  switch (state.status) {
    case 'created':
      return 'Created'
    case 'running':
      return `Up ${since(state.run.startedAt)}${formatHealth(health)}`
    case 'paused':
      return `Up ${since(state.run.startedAt)} (Paused)`
    case 'restarting':
      return `Restarting (${state.last.code.toString()}) ${since(state.last.finishedAt)} ago`
    case 'exited':
      return `Exited (${state.last.code.toString()}) ${since(state.last.finishedAt)} ago`
    case 'removing':
      return 'Removal In Progress'
    case 'dead':
      return 'Dead'
  }
}

function formatHealth(health: Health | undefined): string {
  if (!health) return ''
  return health.status === 'starting' ? ' (health: starting)' : ` (${health.status})`
}

/** What runs now, if it does. */
export function runOf(record: ContainerRecord): RunFacts | undefined {
  const { state } = record
  return state.status === 'running' || state.status === 'paused' ? state.run : undefined
}

/** The exit code that list filters compare; undefined while it never ended. */
export function exitCodeOf(state: ContainerState): number | undefined {
  switch (state.status) {
    case 'created':
      return state.failure?.code
    case 'running':
    case 'paused':
      return undefined
    case 'restarting':
    case 'exited':
      return state.last.code
    case 'removing':
    case 'dead':
      return state.last?.code
  }
}
