/**
 * Attachments made before the container starts. Each is a stdio that waits: it
 * is bound to the task between the task's creation and its start, so that not one
 * byte of output is lost.
 */
import type { Task, TaskStdio } from '#runtime/types.ts'

export interface AttachmentOptions {
  /** The end of this attachment is the end of stdin, where stdin is open once. */
  readonly holdsStdin: boolean
}

export interface PendingAttachments {
  add(id: string, options: AttachmentOptions): TaskStdio
  /** Binds what waits for `id`; every attachment is connected when this resolves. */
  complete(id: string, task: Pick<Task, 'attach'>): Promise<void>
  /** Ends what waits for `id`: its start failed or it is removed. */
  end(id: string): void
}

interface Pending extends AttachmentOptions {
  readonly bind: (stdio: TaskStdio | undefined) => void
}

export function createPendingAttachments(): PendingAttachments {
  const waiting = new Map<string, Set<Pending>>()

  function take(id: string): readonly Pending[] {
    const taken = [...(waiting.get(id) ?? [])]
    waiting.delete(id)
    return taken
  }

  return {
    add: (id, { holdsStdin }) => {
      const { promise, resolve } = Promise.withResolvers<TaskStdio | undefined>()
      const pending: Pending = { holdsStdin, bind: resolve }
      const others = waiting.get(id) ?? new Set()
      waiting.set(id, others.add(pending))
      const leave = () => {
        others.delete(pending)
        if (others.size === 0 && waiting.get(id) === others) waiting.delete(id)
        resolve(undefined)
      }
      return waitingStdio(promise, leave)
    },
    complete: async (id, task) => {
      await Promise.all(
        take(id).map(async (pending) => {
          try {
            pending.bind(await task.attach({ holdsStdin: pending.holdsStdin }))
          } catch (error) {
            pending.bind(undefined)
            throw error
          }
        }),
      )
    },
    end: (id) => {
      for (const pending of take(id)) pending.bind(undefined)
    },
  }
}

/** `bound` gives the real stdio, or undefined when there will be none. */
function waitingStdio(bound: Promise<TaskStdio | undefined>, leave: () => void): TaskStdio {
  return {
    output: (async function* () {
      const stdio = await bound
      if (stdio) yield* stdio.output
    })(),
    write: async (chunk) => (await bound)?.write(chunk),
    closeStdin: async () => (await bound)?.closeStdin(),
    [Symbol.asyncDispose]: async () => {
      leave()
      await (await bound)?.[Symbol.asyncDispose]()
    },
  }
}
