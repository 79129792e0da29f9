/** Health checks: a probe is an exec whose exit code counts; timings are Docker's. */
import { now } from '#base/clock.ts'
import { errorMessage } from '#base/errors.ts'
import { randomId } from '#base/ids.ts'
import { announce, type ContainerContext, type HealthMonitor } from '#container/context.ts'
import { probeArgs, timingsOf, withProbe, type ProbeTimings } from '#container/health-rules.ts'
import { containerPaths } from '#container/paths.ts'
import { processEnv } from '#container/process.ts'
import type { ContainerRecord, Health, HealthProbe } from '#container/types.ts'
import type { ExecProcess, Task } from '#runtime/types.ts'
import { resolveUser } from '#runtime/user.ts'

const longestOutput = 4096

interface Watch {
  health: Health
  readonly abort: AbortController
}

export function createHealthMonitor(context: () => ContainerContext): HealthMonitor {
  const watches = new Map<string, Watch>()
  return {
    start: (record) => {
      const args = probeArgs(record.spec)
      const task = context().tasks.get(record.id)
      if (!args || !task || !record.spec.healthcheck) return
      const watch: Watch = {
        health: { status: 'starting', failingStreak: 0, log: [] },
        abort: new AbortController(),
      }
      watches.set(record.id, watch)
      const timings = timingsOf(record.spec.healthcheck)
      void keepProbing(context(), { id: record.id, task, args, timings, watch })
    },
    stop: (id) => {
      const watch = watches.get(id)
      if (!watch) return
      watch.abort.abort()
      watch.health = { ...watch.health, status: 'unhealthy' }
    },
    forget: (id) => void watches.delete(id),
    find: (id) => watches.get(id)?.health,
  }
}

interface Probing {
  readonly id: string
  readonly task: Task
  readonly args: readonly string[]
  readonly timings: ProbeTimings
  readonly watch: Watch
}

async function keepProbing(context: ContainerContext, probing: Probing): Promise<void> {
  const { id, timings, watch } = probing
  const { signal } = watch.abort
  const startedMs = performance.now()
  try {
    for (;;) {
      const isInStart = performance.now() - startedMs < timings.startPeriodMs
      const isStarting = isInStart && watch.health.status === 'starting'
      await context.scheduler.sleep(
        isStarting ? timings.startIntervalMs : timings.intervalMs,
        signal,
      )
      const record = context.table.find(id)
      if (record?.state.status !== 'running') continue
      const result = await probe(context, record, probing)
      if (signal.aborted) return
      const before = watch.health.status
      watch.health = withProbe(watch.health, result, {
        retries: timings.retries,
        isInStartPeriod: performance.now() - startedMs < timings.startPeriodMs,
      })
      if (watch.health.status !== before) {
        announce(context, record, { action: `health_status: ${watch.health.status}` })
      }
    }
  } catch (error) {
    if (!signal.aborted) {
      context.log.warn({ container: id, reason: errorMessage(error) }, 'health check ended')
    }
  }
}

/** Runs one probe; whatever goes wrong is a failed probe, not an error. */
async function probe(
  context: ContainerContext,
  record: ContainerRecord,
  probing: Probing,
): Promise<HealthProbe> {
  const startedAt = now()
  try {
    const exec = await startProbe(context, record, probing)
    const ended = await outcome(context, exec, probing)
    return { startedAt, finishedAt: now(), ...ended }
  } catch (error) {
    return { startedAt, finishedAt: now(), code: -1, output: errorMessage(error) }
  }
}

async function startProbe(
  context: ContainerContext,
  record: ContainerRecord,
  { task, args }: Probing,
): Promise<ExecProcess> {
  const { rootfs } = containerPaths(context, record.id)
  const { user, host } = record.spec
  const resolved = resolveUser({ rootfs, user, groupAdd: host.groupAdd })
  return await task.exec({
    execId: randomId(),
    args,
    env: processEnv(record, resolved.home, false),
    cwd: record.spec.workingDir || '/',
    user: resolved.user,
    // One stream, without frames, is what the output shows.
    isTerminal: true,
    hasStdin: false,
    isDetached: false,
    isPrivileged: false,
  })
}

async function outcome(
  context: ContainerContext,
  exec: ExecProcess,
  { timings }: Probing,
): Promise<{ readonly code: number; readonly output: string }> {
  const abort = new AbortController()
  const output = collect(exec)
  const timedOut = context.scheduler.sleep(timings.timeoutMs, abort.signal).then(() => undefined)
  timedOut.catch(() => undefined)
  try {
    const exit = await Promise.race([exec.exited, timedOut])
    if (exit) return { code: exit.code, output: await output }
    process.kill(exec.pid, 'SIGKILL')
    const limit = timings.timeoutMs / 1000
    return { code: -1, output: `Health check exceeded timeout (${limit}s)` }
  } finally {
    abort.abort()
    await exec.stdio?.[Symbol.asyncDispose]()
  }
}

async function collect(exec: ExecProcess): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of exec.stdio?.output ?? []) {
      if (size < longestOutput) chunks.push(chunk.subarray(0, longestOutput - size))
      size += chunk.length
    }
  } catch {
    // The attachment is closed under a probe that timed out; what came so far is kept.
  }
  return Buffer.concat(chunks).toString()
}
