import { EngineError } from '#base/errors.ts'
import { announce, type ContainerContext } from '#container/context.ts'
import { notRunning } from '#container/exec.ts'

/** @throws EngineError not_found, conflict (not running, already paused) */
export async function pauseContainer(context: ContainerContext, ref: string): Promise<void> {
  const { id } = context.table.resolve(ref)
  using _lock = await context.locks.acquire(id)
  const record = context.table.get(id)
  if (record.state.status === 'paused') {
    throw new EngineError('conflict', `Container ${id} is already paused`)
  }
  const task = context.tasks.get(id)
  if (record.state.status !== 'running' || !task) throw notRunning(id)
  await task.pause()
  const paused = { ...record, state: { status: 'paused' as const, run: record.state.run } }
  context.table.save(paused)
  announce(context, paused, { action: 'pause' })
}

/** @throws EngineError not_found, conflict (not paused) */
export async function unpauseContainer(context: ContainerContext, ref: string): Promise<void> {
  const { id } = context.table.resolve(ref)
  using _lock = await context.locks.acquire(id)
  const record = context.table.get(id)
  const task = context.tasks.get(id)
  if (record.state.status !== 'paused' || !task) {
    throw new EngineError('conflict', `Container ${id} is not paused`)
  }
  await task.resume()
  const running = { ...record, state: { status: 'running' as const, run: record.state.run } }
  context.table.save(running)
  announce(context, running, { action: 'unpause' })
}
