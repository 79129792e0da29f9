/** Attaching to a container: now when it runs, to its next run when it does not. */
import { EngineError } from '#base/errors.ts'
import type { ContainerContext } from '#container/context.ts'
import { announce } from '#container/context.ts'
import { filterFrames } from '#container/frames.ts'
import { containerLogs } from '#container/logs.ts'
import type { AttachOptions, ContainerRecord } from '#container/types.ts'
import { encodeRecords } from '#runtime/logs/record.ts'
import type { TaskStdio } from '#runtime/types.ts'

/** @throws EngineError conflict when the container is paused, not_found */
export async function attachContainer(
  context: ContainerContext,
  ref: string,
  options: AttachOptions,
): Promise<TaskStdio> {
  const record = context.table.resolve(ref)
  if (record.state.status === 'paused') {
    throw new EngineError(
      'conflict',
      `container ${record.id} is paused, unpause the container before attach`,
    )
  }
  const stdio = options.stream ? await liveStdio(context, record, options) : endedStdio
  announce(context, record, { action: 'attach' })
  if (!options.logs) return stdio
  return withLog(context, record, { stdio, options })
}

const endedStdio: TaskStdio = {
  output: (async function* () {})(),
  write: async () => undefined,
  closeStdin: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
}

async function liveStdio(
  context: ContainerContext,
  record: ContainerRecord,
  options: AttachOptions,
): Promise<TaskStdio> {
  const task = context.tasks.get(record.id)
  const holdsStdin = options.stdin && record.spec.openStdin
  const stdio = task
    ? await task.attach({ holdsStdin })
    : context.attachments.add(record.id, { holdsStdin })
  const choosesStreams = !record.spec.isTty && !(options.stdout && options.stderr)
  const output = choosesStreams ? filterFrames(stdio.output, options) : stdio.output
  if (holdsStdin) return { ...withDispose(stdio), output }
  return {
    ...withDispose(stdio),
    output,
    write: async () => undefined,
    closeStdin: async () => undefined,
  }
}

/**
 * With a replay, all output of a run comes from the log, which holds every byte
 * exactly once; a live stream beside it would double or lose what is written
 * meanwhile. The live attachment carries stdin, and its output is let go. Without a run
 * the old log comes first and then the next run, live.
 */
function withLog(
  context: ContainerContext,
  record: ContainerRecord,
  { stdio, options }: { readonly stdio: TaskStdio; readonly options: AttachOptions },
): TaskStdio {
  const abort = new AbortController()
  const { isTty } = record.spec
  const follow = options.stream && context.tasks.has(record.id)
  const wanted = { ref: record.id, stdout: options.stdout, stderr: options.stderr, follow }
  async function* output() {
    const drained = follow ? drain(stdio.output) : undefined
    for await (const lines of containerLogs(context, wanted, abort.signal)) {
      yield encodeRecords(lines, { isRaw: isTty })
    }
    if (drained) await drained
    else yield* stdio.output
  }
  return {
    ...withDispose(stdio),
    output: output(),
    [Symbol.asyncDispose]: async () => {
      abort.abort()
      await stdio[Symbol.asyncDispose]()
    },
  }
}

async function drain(output: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const _chunk of output) continue
  } catch {
    // The same bytes come from the log; a broken attachment only ends stdin.
  }
}

/** The stdio's functions as an object of its own, to override some. */
function withDispose(stdio: TaskStdio): Omit<TaskStdio, 'output'> {
  return {
    write: (chunk) => stdio.write(chunk),
    closeStdin: () => stdio.closeStdin(),
    [Symbol.asyncDispose]: () => stdio[Symbol.asyncDispose](),
  }
}
