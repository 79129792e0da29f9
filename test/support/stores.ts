import { mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { silentLogger, type Logger } from '#base/log.ts'
import { mountSnapshot, unmountSnapshot } from '#store/mounts.ts'
import { openStores } from '#store/open.ts'
import type { Mount, Stores } from '#store/types.ts'

/** Stores below a directory of the test; closed and removed with it. */
export async function openTestStores(
  t: TestContext,
  options: { readonly root?: string; readonly log?: Logger } = {},
): Promise<Stores & { readonly root: string }> {
  const root = options.root ?? join(mkdtempSync(join(tmpdir(), 'gantry-stores-')), 'root')
  const stores = await openStores({ root, log: options.log ?? silentLogger })
  let isOpen = true
  const close = async () => {
    if (isOpen) await stores[Symbol.asyncDispose]()
    isOpen = false
  }
  // Hooks run in the order they were added: one hook closes first and removes afterwards.
  t.after(async () => {
    await close()
    if (options.root === undefined) rmSync(dirname(root), { recursive: true, force: true })
  })
  return { ...stores, root, [Symbol.asyncDispose]: close }
}

/** Mounts snapshots at fresh directories; what is left is unmounted with the test. */
export function testMounts(t: TestContext) {
  const base = mkdtempSync(join(tmpdir(), 'gantry-mounts-'))
  const targets = new Set<string>()
  const unmount = (target: string) => {
    unmountSnapshot(target)
    targets.delete(target)
  }
  t.after(() => {
    targets.forEach(unmount)
    for (const name of readdirSync(base)) rmdirSync(join(base, name))
    rmdirSync(base)
  })
  return {
    unmount,
    mount(mount: Mount): string {
      const target = mkdtempSync(join(base, 'mount-'))
      mountSnapshot(mount, target)
      targets.add(target)
      return target
    },
  }
}
