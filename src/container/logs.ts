import { EngineError } from '#base/errors.ts'
import type { ContainerContext } from '#container/context.ts'
import { containerPaths } from '#container/paths.ts'
import type { LogsOptions } from '#container/types.ts'
import { readLogs } from '#runtime/logs/read.ts'
import type { LogRecord } from '#runtime/types.ts'

/**
 * A container's output so far and, with `follow`, until its present run ends.
 * @throws EngineError not_found, not_implemented for log driver `none`
 */
export function containerLogs(
  context: ContainerContext,
  request: LogsOptions & { readonly ref: string },
  signal: AbortSignal,
): AsyncIterable<readonly LogRecord[]> {
  const { ref, follow, ...range } = request
  const record = context.table.resolve(ref)
  if (record.spec.host.logDriver.type === 'none') {
    throw new EngineError('not_implemented', 'configured logging driver does not support reading')
  }
  const task = context.tasks.get(record.id)
  return readLogs(
    {
      ...range,
      logPath: containerPaths(context, record.id).log,
      ...(follow && task ? { follow: task.exited } : {}),
    },
    signal,
  )
}
