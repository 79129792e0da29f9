/** When and after how long a container is started again. Pure. */
import type { ContainerRecord, ExitFacts, RestartPolicy } from '#container/types.ts'

export const firstDelayMs = 100
export const longestDelayMs = 60_000
/** A run this long makes the next delay the first one again. */
export const steadyRunMs = 10_000

/** Whether the policy wants another run after this exit. */
export function wantsRestart(
  record: Pick<ContainerRecord, 'isStoppedByUser' | 'restartCount'> & {
    readonly policy: RestartPolicy
  },
  exit: Pick<ExitFacts, 'code'>,
): boolean {
  if (record.isStoppedByUser) return false
  switch (record.policy.name) {
    case 'no':
      return false
    case 'always':
    case 'unless-stopped':
      return true
    case 'on-failure': {
      const { maximumRetryCount } = record.policy
      return exit.code !== 0 && (maximumRetryCount === 0 || record.restartCount < maximumRetryCount)
    }
  }
}

/** Whether a start of the engine starts a container that is not running. */
export function startsAtBoot(record: ContainerRecord): boolean {
  const policy = record.spec.host.restartPolicy
  switch (record.state.status) {
    case 'restarting':
      return !record.isStoppedByUser
    case 'exited':
      return (
        policy.name === 'always' || (policy.name === 'unless-stopped' && !record.isStoppedByUser)
      )
    default:
      return false
  }
}

/** The delay before the next run: 100 ms, doubled each time up to a minute. */
export function nextDelayMs(previousDelayMs: number | undefined, ranMs: number): number {
  if (previousDelayMs === undefined || ranMs >= steadyRunMs) return firstDelayMs
  return Math.min(previousDelayMs * 2, longestDelayMs)
}
