import type { Logger } from '#base/log.ts'
import type { ContainerService } from '#container/open.ts'
import type { Networks } from '#network/types.ts'

/**
 * Takes over what an earlier engine left, however it ended. The order matters:
 * first which tasks live, then their networks (and nobody else's), then exits and
 * removals to catch up on and strays to sweep, last what policies want started.
 * Failures of one container are logged and never keep the engine from starting.
 */
export async function restore({
  containers,
  networks,
  log,
}: {
  readonly containers: ContainerService
  readonly networks: Networks
  readonly log: Logger
}): Promise<void> {
  const adopted = await containers.adopt()
  const endpoints = await networks.restore(adopted.runningIds)
  await containers.recover(adopted, endpoints)
  log.info(
    { running: adopted.runningIds.size, ended: adopted.ended.size },
    'containers of the earlier engine taken over',
  )
  await containers.startPolicied()
}
