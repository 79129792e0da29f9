/** When the builds that run now began: what was used since must not be pruned. */
export interface RunningBuilds {
  begin(): Disposable
  /** Milliseconds since the epoch; undefined when nothing runs. */
  oldestStart(): number | undefined
}

export function createRunningBuilds(): RunningBuilds {
  const starts = new Set<{ readonly at: number }>()
  return {
    begin() {
      const start = { at: Date.now() }
      starts.add(start)
      return { [Symbol.dispose]: () => void starts.delete(start) }
    },
    oldestStart() {
      return starts.size === 0 ? undefined : Math.min(...[...starts].map(({ at }) => at))
    },
  }
}
