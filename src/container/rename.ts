import { EngineError } from '#base/errors.ts'
import { announce, type ContainerContext } from '#container/context.ts'
import { checkedName } from '#container/names.ts'

/** @throws EngineError not_found, conflict (name in use), invalid_argument */
export async function renameContainer(
  context: ContainerContext,
  ref: string,
  wished: string,
): Promise<void> {
  const { id } = context.table.resolve(ref)
  if (wished === '') {
    throw new EngineError('invalid_argument', 'Neither old nor new names may be empty')
  }
  const name = checkedName(wished)
  using _lock = await context.locks.acquire(id)
  const record = context.table.get(id)
  if (record.name === name) {
    throw new EngineError(
      'invalid_argument',
      'Renaming a container with the same name as its current name',
    )
  }
  context.table.claimName(name, id)
  const renamed = { ...record, name }
  try {
    context.table.storeConfig(renamed)
  } catch (error) {
    context.table.releaseName(name, id)
    throw error
  }
  context.table.releaseName(record.name, id)
  context.table.publish(renamed)
  announce(context, renamed, { action: 'rename', oldName: `/${record.name}` })
}
