/** How a task ended, from the files that conmon leaves. */
import { readFileSync, statSync } from 'node:fs'
import { instantFromNanos, now } from '#base/clock.ts'
import type { Cgroup } from '#sys/cgroup/group.ts'
import { closeDescriptor } from '#sys/files.ts'
import { openPidfd, signalPidfd } from '#sys/pidfd.ts'
import { watchReadable } from '#sys/poller.ts'
import type { TaskExit } from '#runtime/types.ts'

const killedCode = 137

/** The exit that conmon recorded; undefined before it has, or when it was killed itself. */
export function findRecordedExit(exitPath: string, isOomKilled: boolean): TaskExit | undefined {
  try {
    const code = Number(readFileSync(exitPath, 'utf8').trim())
    const { mtimeNs } = statSync(exitPath, { bigint: true })
    return { code, finishedAt: instantFromNanos(mtimeNs), isOomKilled }
  } catch {
    return undefined
  }
}

/**
 * A task without its conmon has lost its stdio and its exit code: whatever is
 * left of it is killed, and once init is gone it counts as killed.
 */
export async function endUnsupervised(pid: number, cgroup: Cgroup): Promise<TaskExit> {
  const isOurs = cgroup.pids().includes(pid)
  const pidfd = isOurs ? tryOpenPidfd(pid) : undefined
  cgroup.kill()
  if (pidfd !== undefined) {
    try {
      signalPidfd(pidfd, 9)
    } catch {
      // Ended by the cgroup's kill already.
    }
    using watch = watchReadable(pidfd)
    await watch.ready
    closeDescriptor(pidfd)
  }
  return { code: killedCode, finishedAt: now(), isOomKilled: wasOomKilled(cgroup) }
}

/** A group that is removed meanwhile answers no. */
export function wasOomKilled(cgroup: Cgroup): boolean {
  try {
    return cgroup.isOomKilled()
  } catch {
    return false
  }
}

function tryOpenPidfd(pid: number): number | undefined {
  try {
    return openPidfd(pid)
  } catch {
    return undefined
  }
}
