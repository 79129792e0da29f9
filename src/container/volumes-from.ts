/** `--volumes-from`: the mounts of other containers, below the container's own wishes. */
import { EngineError, errorKind } from '#base/errors.ts'
import { checkModes, depth } from '#container/binds.ts'
import type { ContainerContext } from '#container/context.ts'
import type { ContainerMount, ContainerRecord, ContainerSpec } from '#container/types.ts'

/**
 * What the named containers mount, without their tmpfs; of two at one target the later named counts.
 * @throws EngineError invalid_argument
 */
export function inheritedMounts(
  context: Pick<ContainerContext, 'table'>,
  spec: ContainerSpec,
): readonly ContainerMount[] {
  const byTarget = new Map<string, ContainerMount>()
  for (const text of spec.host.volumesFrom ?? []) {
    const [ref = '', mode = ''] = text.split(':')
    const words = mode === '' ? [] : mode.split(',')
    checkModes(words, mode)
    for (const mount of owner(context, ref, text).mounts) {
      if (mount.type === 'tmpfs') continue
      const isWritable = mount.isWritable && !words.includes('ro')
      const copied = mount.type === 'volume' ? { ...mount, copiesContent: false } : mount
      byTarget.set(mount.target, { ...copied, isWritable, mode })
    }
  }
  return [...byTarget.values()]
}

/** Not `not_found`: clients would take the image for what is missing, and pull it. */
function owner(
  { table }: Pick<ContainerContext, 'table'>,
  ref: string,
  text: string,
): ContainerRecord {
  if (ref === '') {
    throw new EngineError('invalid_argument', `invalid volumes-from specification: '${text}'`)
  }
  try {
    return table.resolve(ref)
  } catch (error) {
    if (errorKind(error) !== 'not_found') throw error
    throw new EngineError('invalid_argument', `No such container: ${ref}`, { cause: error })
  }
}

export function withInherited(
  own: readonly ContainerMount[],
  inherited: readonly ContainerMount[],
): readonly ContainerMount[] {
  const taken = new Set(own.map(({ target }) => target))
  return [...own, ...inherited.filter(({ target }) => !taken.has(target))].toSorted(
    (a, b) => depth(a.target) - depth(b.target),
  )
}
