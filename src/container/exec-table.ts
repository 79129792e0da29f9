/** Execs by id. They live in memory: an exec does not outlive its container's run, and says so. */
import { EngineError } from '#base/errors.ts'
import type { ExecRecord, ExecState } from '#container/types.ts'
import type { ExecProcess } from '#runtime/types.ts'

/** Ended execs stay readable for this long. */
const keptMs = 5 * 60_000

export interface ExecTable {
  insert(record: ExecRecord): void
  /** @throws EngineError not_found */
  get(execId: string): ExecRecord
  setState(execId: string, state: ExecState): void
  setProcess(execId: string, process: ExecProcess): void
  process(execId: string): ExecProcess | undefined
  ofContainer(containerId: string): readonly string[]
  dropContainer(containerId: string): void
}

interface Entry {
  record: ExecRecord
  process: ExecProcess | undefined
  /** When it ended, on the monotonic clock. */
  endedAtMs: number | undefined
}

export function createExecTable(monotonicMs: () => number = () => performance.now()): ExecTable {
  const entries = new Map<string, Entry>()

  function entryOf(execId: string): Entry {
    const entry = entries.get(execId)
    if (!entry) throw new EngineError('not_found', `No such exec instance: ${execId}`)
    return entry
  }
  function dropExpired(): void {
    const limit = monotonicMs() - keptMs
    for (const [id, { endedAtMs }] of entries) {
      if (endedAtMs !== undefined && endedAtMs < limit) entries.delete(id)
    }
  }

  return {
    insert: (record) => {
      dropExpired()
      entries.set(record.id, { record, process: undefined, endedAtMs: undefined })
    },
    get: (execId) => entryOf(execId).record,
    setState: (execId, state) => {
      const entry = entries.get(execId)
      if (!entry) return
      entry.record = { ...entry.record, state }
      if (state.status === 'exited') {
        entry.endedAtMs = monotonicMs()
        entry.process = undefined
      }
    },
    setProcess: (execId, process) => {
      const entry = entries.get(execId)
      if (entry) entry.process = process
    },
    process: (execId) => entryOf(execId).process,
    ofContainer: (containerId) =>
      [...entries.values()].flatMap(({ record }) =>
        record.containerId === containerId ? [record.id] : [],
      ),
    dropContainer: (containerId) => {
      for (const [id, { record }] of entries) {
        if (record.containerId === containerId) entries.delete(id)
      }
    },
  }
}
