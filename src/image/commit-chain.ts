/** A layer on disk that is not visible yet; exactly one of the two is called. */
export interface ExtractedLayer {
  commit(): Promise<void>
  abort(): Promise<void>
}

/** Commits layers parent first, in whatever order they arrive. */
export interface CommitChain {
  /** Layer `index` of the chain, 0 lowest, is ready. */
  add(index: number, layer: ExtractedLayer): void
  /** No more will come: those whose parent is missing are dropped. Waits for all; never rejects. */
  close(): Promise<void>
  /** @throws the first failure of a commit */
  check(): void
}

export function createCommitChain(count: number): CommitChain {
  const slots = Array.from({ length: count }, () => Promise.withResolvers<boolean>())
  const added = new Set<number>()
  const running: Promise<void>[] = []
  const failures: unknown[] = []
  const run = async (index: number, layer: ExtractedLayer) => {
    const hasParent = index === 0 || (await slots[index - 1]?.promise) === true
    try {
      await (hasParent ? layer.commit() : layer.abort())
      slots[index]?.resolve(hasParent)
    } catch (error) {
      failures.push(error)
      slots[index]?.resolve(false)
    }
  }
  return {
    add(index, layer) {
      added.add(index)
      running.push(run(index, layer))
    },
    async close() {
      for (const [index, slot] of slots.entries()) if (!added.has(index)) slot.resolve(false)
      await Promise.all(running)
    },
    check() {
      if (failures.length > 0) throw failures[0]
    },
  }
}
