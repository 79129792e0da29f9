/** Images as a build makes them: layers that are only snapshots, never compressed. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { branded } from '#base/brand.ts'
import { randomId } from '#base/ids.ts'
import type { Image } from '#image/types.ts'
import { type ChainId, chainIds, type DiffId, parseDiffId } from '#oci/digest.ts'
import { hostPlatform } from '#oci/platform.ts'
import { parseReference } from '#oci/reference.ts'
import type { SnapshotKey, Stores } from '#store/types.ts'
import { archiveDirectory } from '#sys/tar/archiver.ts'
import type { ImageService } from '#test/support/image-service.ts'

export type LayerFiles = Readonly<Record<string, string | Uint8Array>>

export interface MadeStack {
  readonly diffIds: readonly DiffId[]
  readonly tarBytes: readonly number[]
}

/** Makes an image of one snapshot per set of files over `base`. */
export async function makeBuiltImage(
  service: ImageService,
  name: string,
  options: { readonly layers: readonly LayerFiles[]; readonly base?: Image },
): Promise<Image> {
  const { images, stores } = service
  await using lease = await stores.leases.open('test build')
  const below = options.base?.config.rootfs.diff_ids ?? []
  const stack = await commitLayers(stores, below, options.layers)
  const { architecture, os } = hostPlatform()
  const rootfs = { type: 'layers', diff_ids: stack.diffIds }
  const config = Buffer.from(JSON.stringify({ architecture, os, config: {}, rootfs }))
  const layers = stack.diffIds.map((diffId, index) => ({
    diffId,
    tarBytes: stack.tarBytes[index] ?? 0,
  }))
  const { signal } = new AbortController()
  const parts = await images.describe({ config, layers, form: 'present' }, { lease, signal })
  return await images.create(parts, [parseReference(name)])
}

async function commitLayers(
  { snapshots }: Stores,
  below: readonly DiffId[],
  layers: readonly LayerFiles[],
): Promise<MadeStack> {
  const diffIds = [...below]
  const tarBytes = below.map(() => 0)
  for (const files of layers) {
    const parent: ChainId | undefined = chainIds(diffIds).at(-1)
    const key = branded<SnapshotKey>(`test-${randomId()}`)
    await snapshots.prepare(key, parent)
    const directory = snapshots.upperDirectory(key)
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true })
      writeFileSync(join(directory, path), content)
    }
    const tar = await digestTar(directory)
    diffIds.push(tar.diffId)
    tarBytes.push(tar.sizeBytes)
    const name = chainIds(diffIds).at(-1)
    if (!name) throw new Error('no layer')
    const layer = { name, diffId: tar.diffId, sizeBytes: 0, isDurable: false }
    await snapshots.commit(key, { ...layer, ...(parent ? { parent } : {}) })
  }
  return { diffIds, tarBytes }
}

async function digestTar(directory: string): Promise<{ diffId: DiffId; sizeBytes: number }> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of archiveDirectory({ directory, asLayer: true, leavesOutRoot: true })) {
    hash.update(chunk)
    sizeBytes += chunk.length
  }
  return { diffId: parseDiffId(`sha256:${hash.digest('hex')}`), sizeBytes }
}
