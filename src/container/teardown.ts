import { errorMessage } from '#base/errors.ts'
import type { ContainerContext } from '#container/context.ts'
import { containerPaths } from '#container/paths.ts'
import type { Task } from '#runtime/types.ts'

/**
 * Gives back what a run held: the task's remains, the sandbox with its addresses
 * and ports, the mounted filesystem. Each step is tried; failures are logged and
 * left to the sweep of the next start of the engine.
 */
export async function teardown(
  context: ContainerContext,
  id: string,
  task: Pick<Task, 'remove'> | undefined,
): Promise<void> {
  const log = context.log.child({ container: id })
  const tried = async (what: string, step: () => Promise<void>) => {
    try {
      await step()
    } catch (error) {
      log.warn({ what, reason: errorMessage(error) }, 'teardown step failed')
    }
  }
  const { rootfs, shm } = containerPaths(context, id)
  await Promise.all([
    // The filesystem is free only when no process of the task uses it any more.
    tried('remove task', async () => task?.remove()).then(() =>
      tried('unmount filesystem', () => context.rootfs.unmount(rootfs)),
    ),
    tried('unmount shared memory', () => context.rootfs.unmount(shm)),
    tried('remove sandbox', () => context.networks.removeSandbox(id)),
  ])
}
