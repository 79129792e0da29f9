import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '#base/log.ts'
import { undoing } from '#base/undo.ts'
import { unpackContext } from '#build/transfer/archive.ts'
import { checkContextList } from '#build/transfer/compare.ts'
import { indexSize } from '#build/transfer/index-file.ts'
import { fetchContext } from '#build/transfer/remote.ts'
import { applySync, prepareSync, slotAt } from '#build/transfer/sync.ts'
import type {
  BuildContexts,
  ContextEntry,
  ContextSync,
  HeldContext,
} from '#build/transfer/types.ts'

export interface BuildContextsOptions {
  /** `<data root>/build/contexts` */
  readonly root: string
  readonly log: Logger
}

/** A kept directory that nobody built from for this long is removed when the engine starts. */
const keptForMs = 14 * 24 * 3600 * 1000

/** Opens the directory of contexts; what an earlier engine left half-done goes. */
export async function openBuildContexts(options: BuildContextsOptions): Promise<BuildContexts> {
  const places = {
    once: join(options.root, 'once'),
    kept: join(options.root, 'kept'),
  }
  await rm(places.once, { recursive: true, force: true })
  await mkdir(places.once, { recursive: true, mode: 0o700 })
  await mkdir(places.kept, { recursive: true, mode: 0o700 })
  await sweepKept(places.kept)
  const busy = new Set<string>()
  let count = 0

  async function hold(): Promise<HeldContext> {
    const path = join(places.once, String(++count))
    await mkdir(path, { mode: 0o755 })
    const remove = undoing(options.log, 'remove build context', () =>
      rm(path, { recursive: true, force: true }),
    )
    return { path, [Symbol.asyncDispose]: remove }
  }

  return {
    empty: hold,
    async receive(archive, signal) {
      await using undo = new AsyncDisposableStack()
      const context = undo.use(await hold())
      await unpackContext(archive, { directory: context.path }, signal)
      undo.move()
      return context
    },
    fetch: (url, signal) => fetchContext(url, { hold, scratch: places.once }, signal),
    sync: (key, entries) => syncKept({ ...options, kept: places.kept, busy }, key, entries),
    list: () => listKept(places.kept, busy),
    async remove(id) {
      if (busy.has(id)) return false
      // A build that comes meanwhile takes another directory.
      busy.add(id)
      try {
        await rm(join(places.kept, id), { recursive: true, force: true })
      } finally {
        busy.delete(id)
      }
      return true
    },
  }
}

interface KeptPlace extends BuildContextsOptions {
  readonly kept: string
  /** Names of the directories that builds hold. */
  readonly busy: Set<string>
}

async function syncKept(
  { kept, busy, log }: KeptPlace,
  key: string,
  entries: readonly ContextEntry[],
): Promise<ContextSync> {
  checkContextList(entries)
  await using undo = new AsyncDisposableStack()
  const name = takeName(busy, createHash('sha256').update(key).digest('hex'))
  undo.defer(() => void busy.delete(name))
  const directory = join(kept, name)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  undo.defer(
    undoing(log, 'release build context', async () => {
      if (isSpare(name)) await rm(directory, { recursive: true, force: true })
      else await utimes(directory, new Date(), new Date())
    }),
  )
  const slot = slotAt(directory)
  const difference = await prepareSync(slot, entries)
  const held = undo.move()
  return {
    path: slot.tree,
    needed: difference.needed,
    apply: (archive, signal) => applySync(slot, { entries, difference, archive }, signal),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  }
}

/** The first directory for a context that no build holds; all but the first are spares. */
function takeName(busy: Set<string>, hash: string): string {
  for (let copy = 0; ; copy++) {
    const name = copy === 0 ? hash : `${hash}.${copy}`
    if (busy.has(name)) continue
    busy.add(name)
    return name
  }
}

function isSpare(name: string): boolean {
  return name.includes('.')
}

async function listKept(kept: string, busy: ReadonlySet<string>) {
  const names = await readdir(kept)
  return Promise.all(
    names.map(async (id) => ({
      id,
      sizeBytes: await indexSize(slotAt(join(kept, id)).index),
      lastUsedMs: (await stat(join(kept, id))).mtimeMs,
      isInUse: busy.has(id),
    })),
  )
}

async function sweepKept(kept: string): Promise<void> {
  for (const { id, lastUsedMs } of await listKept(kept, new Set())) {
    const isOld = Date.now() - lastUsedMs > keptForMs
    if (isOld || isSpare(id)) await rm(join(kept, id), { recursive: true, force: true })
  }
}
