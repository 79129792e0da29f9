import { EngineError, errorKind } from '#base/errors.ts'
import type { ContainerContext } from '#container/context.ts'
import { discard } from '#container/discard.ts'
import { killContainer } from '#container/stop.ts'
import type { ContainerRecord } from '#container/types.ts'

export interface RemoveOptions {
  readonly force: boolean
  /** Its anonymous volumes too. */
  readonly volumes: boolean
}

/** @throws EngineError not_found, conflict when it runs and `force` is not set */
export async function removeContainer(
  context: ContainerContext,
  ref: string,
  options: RemoveOptions,
): Promise<void> {
  const { id } = context.table.resolve(ref)
  if (options.force) await endByForce(context, id)
  using _lock = await context.locks.acquire(id)
  const record = context.table.find(id)
  // A `--rm` container removes itself when it is killed.
  if (!record && options.force) return
  checkRemovable(record ?? context.table.get(id))
  if (record) await discard(context, record, { removesVolumes: options.volumes })
}

async function endByForce(context: ContainerContext, id: string): Promise<void> {
  try {
    await killContainer(context, id)
  } catch (error) {
    const kind = errorKind(error)
    if (kind !== 'conflict' && kind !== 'not_found') throw error
  }
}

function checkRemovable(record: ContainerRecord): void {
  const refused = (detail: string) =>
    new EngineError('conflict', `cannot remove container "/${record.name}": container is ${detail}`)
  switch (record.state.status) {
    case 'running':
      throw refused('running: stop the container before removing or force remove')
    case 'paused':
      throw refused('paused and must be unpaused first')
    case 'restarting':
      throw refused('restarting: stop the container before removing or force remove')
    case 'removing':
    case 'created':
    case 'exited':
    case 'dead':
  }
}
