/** Log files that are kept small, by the driver options `max-size` and `max-file`. */
import { EngineError } from '#base/errors.ts'
import type { ContainerContext } from '#container/context.ts'
import { containerPaths } from '#container/paths.ts'
import type { ContainerRecord, HostSpec } from '#container/types.ts'
import { startLogRotation } from '#runtime/logs/rotate.ts'
import type { Task } from '#runtime/types.ts'

export interface RotationLimits {
  readonly maxBytes: number
  readonly maxFiles: number
}

const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 }

/**
 * Undefined = the log grows without limit, as `max-size` is not set.
 * @throws EngineError invalid_argument
 */
export function rotationLimits({ options }: HostSpec['logDriver']): RotationLimits | undefined {
  const size = options['max-size']
  const files = options['max-file'] ?? '1'
  if (!/^[1-9]\d*$/.test(files)) {
    throw new EngineError('invalid_argument', `invalid value for max-file: ${files}`)
  }
  if (size === undefined || size === '' || size === '-1') return undefined
  const [, count = '', unit = ''] = /^(\d+)([kmg]?)b?$/i.exec(size) ?? []
  const maxBytes = Number(count) * (units[unit.toLowerCase()] ?? 0)
  if (count === '' || maxBytes === 0) {
    throw new EngineError('invalid_argument', `invalid value for max-size: ${size}`)
  }
  return { maxBytes, maxFiles: Number(files) }
}

/** Docker's options; `max-size` and `max-file` act here, the others are for log readers elsewhere. */
const knownOptions: Readonly<Record<string, ReadonlySet<string>>> = {
  'json-file': new Set(
    'max-size max-file compress labels labels-regex env env-regex tag mode max-buffer-size'.split(
      ' ',
    ),
  ),
  local: new Set(['max-size', 'max-file', 'compress', 'mode', 'max-buffer-size']),
}

/** @throws EngineError invalid_argument in Docker's words */
export function checkLogOptions(logDriver: HostSpec['logDriver']): void {
  const known = knownOptions[logDriver.type]
  if (!known) return
  const unknown = Object.keys(logDriver.options).find((name) => !known.has(name))
  if (unknown !== undefined) {
    const message = `unknown log opt '${unknown}' for ${logDriver.type} log driver`
    throw new EngineError('invalid_argument', message)
  }
  rotationLimits(logDriver)
}

/** Watches the log of a run; nothing where it may grow. */
export function watchLogSize(context: ContainerContext, record: ContainerRecord, task: Task): void {
  const { logDriver } = record.spec.host
  const limits = logDriver.type === 'none' ? undefined : rotationLimits(logDriver)
  if (!limits) return
  const rotation = startLogRotation({
    ...limits,
    logPath: containerPaths(context, record.id).log,
    reopen: () => task.reopenLog(),
    log: context.log.child({ container: record.id }),
  })
  context.rotations.set(record.id, rotation)
}

export function forgetLogSize(context: ContainerContext, id: string): void {
  context.rotations.get(id)?.[Symbol.dispose]()
  context.rotations.delete(id)
}
