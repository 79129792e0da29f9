import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import type { Logger } from '#base/log.ts'
import { openContentStore } from '#store/content.ts'
import { openMetadataDb } from '#store/database.ts'
import { createGc } from '#store/gc.ts'
import { openLeases } from '#store/leases.ts'
import { openOverlaySnapshotter } from '#store/overlay.ts'
import type { Stores } from '#store/types.ts'

/**
 * Opens everything below the data root, which is made (0710) when absent: setuid
 * programs in layers must be out of reach of the machine's users.
 * @throws EngineError conflict when another engine has this root open
 */
export async function openStores(options: {
  readonly root: string
  readonly log: Logger
}): Promise<Stores> {
  const { root } = options
  const log = options.log.child({ component: 'store' })
  mkdirSync(root, { recursive: true, mode: 0o710 })
  chmodSync(root, 0o710)
  await using undo = new AsyncDisposableStack()
  const db = undo.use(openMetadataDb({ root, log }))
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  const content = openContentStore({ root, log, bootId })
  const snapshots = undo.use(openOverlaySnapshotter({ root, db, log, bootId }))
  const leases = openLeases(db)
  const gc = createGc({ content, snapshots, leases, log })
  const opened = undo.move()
  return {
    db,
    content,
    snapshots,
    leases,
    gc,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}
