import { EngineError } from '#base/errors.ts'
import { cancelRestart } from '#container/restarts.ts'
import type { ContainerContext } from '#container/context.ts'
import { launch, type LaunchOptions } from '#container/launch.ts'
import { discard } from '#container/discard.ts'
import type { ContainerRecord } from '#container/types.ts'

/** @throws EngineError not_modified when it runs, conflict when it is paused or being removed */
export async function startContainer(
  context: ContainerContext,
  ref: string,
  options: LaunchOptions = {},
): Promise<void> {
  const { id } = context.table.resolve(ref)
  using _lock = await context.locks.acquire(id)
  const record = context.table.get(id)
  checkStartable(record)
  cancelRestart(context, id)
  try {
    await launch(context, { ...record, restartCount: 0 }, options)
  } catch (error) {
    if (record.spec.host.isAutoRemove) {
      await discard(context, context.table.get(id), { removesVolumes: true })
    }
    throw error
  }
}

function checkStartable(record: ContainerRecord): void {
  switch (record.state.status) {
    case 'created':
    case 'exited':
    case 'restarting':
      return
    case 'running':
      throw new EngineError('not_modified', 'container is already started')
    case 'paused':
      throw new EngineError('conflict', 'cannot start a paused container, try unpause instead')
    case 'removing':
    case 'dead':
      throw new EngineError('conflict', 'container is marked for removal and cannot be started')
  }
}
