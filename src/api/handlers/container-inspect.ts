import type { ContainerRecord } from '#container/types.ts'
import { type Answer, json } from '#api/answer.ts'
import { type Call, isSince, pathParam, queryBool } from '#api/call.ts'
import { toContainerInspect } from '#api/mapping/container-inspect.ts'
import { networkIdFinder } from '#api/facts.ts'

export async function inspectContainer(call: Call): Promise<Answer> {
  const { engine } = call
  const record = engine.containers.get(pathParam(call, 'id'))
  const sizes = queryBool(call, 'size') ? await engine.containers.sizes(record.id) : undefined
  return json({
    ...toContainerInspect(record, {
      details: engine.containers.details(record.id),
      sandboxKey: sandboxKey(record, engine.config.execRoot),
      defaultRuntime: engine.config.defaultRuntime,
      storageDriver: engine.storageDriver,
      isLegacy: !isSince(call, '1.52'),
      findNetworkId: networkIdFinder(engine),
    }),
    ...(sizes ? { SizeRw: sizes.writableBytes, SizeRootFs: sizes.rootfsBytes } : {}),
  })
}

/** Only a sandbox of its own has a name. */
function sandboxKey({ id, spec }: ContainerRecord, execRoot: string): string {
  const { type } = spec.host.networkMode
  return type === 'host' || type === 'container' ? '' : `${execRoot}/netns/${id}`
}

export async function topContainer(call: Call): Promise<Answer> {
  const psArgs = (call.query.get('ps_args') ?? '').split(/\s+/).filter((word) => word !== '')
  const { titles, processes } = await call.engine.containers.top(
    pathParam(call, 'id'),
    psArgs.length > 0 ? psArgs : ['-ef'],
  )
  return json({ Titles: titles, Processes: processes })
}
