import { contentStoreSuite } from '#test/suites/content-store.ts'
import { snapshotterSuite } from '#test/suites/snapshotter.ts'
import { openTestStores, testMounts } from '#test/support/stores.ts'

contentStoreSuite('file content store', (t) => openTestStores(t))

snapshotterSuite('overlay snapshotter', async (t) => {
  const stores = await openTestStores(t)
  return { ...stores, ...testMounts(t) }
})
