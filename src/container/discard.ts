import { rm } from 'node:fs/promises'
import { EngineError, errorMessage } from '#base/errors.ts'
import { announce, lastExit, type ContainerContext } from '#container/context.ts'
import { ownVolumes, snapshotKey } from '#container/mounts.ts'
import { containerPaths } from '#container/paths.ts'
import { cancelRestart } from '#container/restarts.ts'
import { teardown } from '#container/teardown.ts'
import type { ContainerRecord } from '#container/types.ts'
import { resultOf } from '#container/wait.ts'

/**
 * Removes a container that does not run; the caller holds the lock. The state
 * `removing` is stored first, so that a removal cut short is taken up again.
 * @throws EngineError when something of it stays; the container is `dead` then
 */
export async function discard(
  context: ContainerContext,
  record: ContainerRecord,
  { removesVolumes }: { readonly removesVolumes: boolean },
): Promise<void> {
  const { id } = record
  const last = lastExit(record)
  const kept = last === undefined ? {} : { last }
  cancelRestart(context, id)
  if (record.state.status !== 'removing') {
    context.table.save({ ...record, state: { status: 'removing', removesVolumes, ...kept } })
  }
  try {
    await removeResources(context, record, removesVolumes)
  } catch (error) {
    const reason = errorMessage(error)
    context.table.save({ ...record, state: { status: 'dead', reason, ...kept } })
    throw new EngineError('internal', `unable to remove filesystem for ${id}: ${reason}`, {
      cause: error,
    })
  }
  context.table.delete(record)
  context.execs.dropContainer(id)
  context.health.forget(id)
  context.attachments.end(id)
  context.delays.delete(id)
  announce(context, record, { action: 'destroy' })
  context.waits.removed(id, resultOf(record.state) ?? { code: 0 })
}

async function removeResources(
  context: ContainerContext,
  record: ContainerRecord,
  removesVolumes: boolean,
): Promise<void> {
  const { id } = record
  const key = snapshotKey(id)
  if (record.state.status === 'dead') await teardown(context, id, undefined)
  const volumes = removesVolumes ? ownVolumes(context, id, record.mounts) : []
  await Promise.all([
    context.snapshots.find(key) ? context.snapshots.remove(key) : undefined,
    rm(containerPaths(context, id).directory, { recursive: true, force: true }),
    ...volumes
      .filter((name) => context.volumes.find(name))
      .map((name) => context.volumes.remove(name, [])),
  ])
}
