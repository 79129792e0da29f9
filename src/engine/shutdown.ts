import { mapPool } from '#base/async.ts'
import { errorKind, errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import type { ContainerService } from '#container/open.ts'

const parallel = 16

/**
 * Stops every running container. They are not marked as stopped by a user, so
 * that policies start them again with the next engine.
 */
export async function stopAll(
  containers: ContainerService,
  { log, timeoutS }: { readonly log: Logger; readonly timeoutS: number },
): Promise<void> {
  const running = containers
    .list()
    .filter(({ state }) => state.status === 'running' || state.status === 'paused')
  await mapPool(running, parallel, async ({ id }) => {
    try {
      await containers.stopForShutdown(id, timeoutS)
    } catch (error) {
      if (errorKind(error) === 'not_modified') return
      log.warn({ container: id, reason: errorMessage(error) }, 'container not stopped')
    }
  })
}
