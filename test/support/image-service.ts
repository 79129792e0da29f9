/** The image service on its own: stores in a temporary root and a registry client, no engine. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '#base/log.ts'
import { openImages } from '#image/open.ts'
import type { Image, ImageEvent, ImageProgress, Images, PullOptions } from '#image/types.ts'
import { parseReference } from '#oci/reference.ts'
import { openRegistryClient } from '#registry/client.ts'
import type { RegistryOptions } from '#registry/types.ts'
import { openStores } from '#store/open.ts'
import type { Stores } from '#store/types.ts'

export interface ImageServiceOptions extends Partial<RegistryOptions> {
  /** A root that the caller owns; otherwise one is made and removed with the service. */
  readonly root?: string
  readonly maxConcurrentDownloads?: number
}

export interface ImageService extends AsyncDisposable {
  readonly root: string
  readonly images: Images
  readonly stores: Stores
  readonly events: readonly ImageEvent[]
  pull(name: string, options?: Partial<PullOptions>): Promise<Image>
  /** What the store holds: 0 of each when everything is given back. */
  held(): { readonly blobs: number; readonly layers: number }
}

export const notRemoved = { force: false, noPrune: false, usedBy: () => [] }

export async function openImageService(options: ImageServiceOptions = {}): Promise<ImageService> {
  const root = options.root ?? mkdtempSync(join(tmpdir(), 'g-images-'))
  const stores = await openStores({ root, log: silentLogger })
  const registry = openRegistryClient({
    insecureRegistries: [],
    mirrors: [],
    userAgent: 'gantry-test',
    ...options,
  })
  const events: ImageEvent[] = []
  const images = await openImages({
    stores,
    registry,
    log: silentLogger,
    onEvent: (event) => events.push(event),
    maxConcurrentDownloads: options.maxConcurrentDownloads ?? 3,
  })
  return {
    root,
    images,
    stores,
    events,
    pull: (name, pullOptions = {}) =>
      images.pull(
        { reference: parseReference(name), ...pullOptions },
        new AbortController().signal,
      ),
    held: () => ({
      blobs: [...stores.content.list()].length,
      layers: [...stores.snapshots.listCommitted()].length,
    }),
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]()
      await stores[Symbol.asyncDispose]()
      if (options.root === undefined) rmSync(root, { recursive: true, force: true })
    },
  }
}

/** The statuses of one layer or of the whole, in order, transfers by their action. */
export function textsOf(events: readonly ImageProgress[], id?: string): string[] {
  return events.flatMap((event) => {
    switch (event.type) {
      case 'status':
        return event.id === id ? [event.text] : []
      case 'transfer':
        return event.id === id ? [event.action] : []
      case 'stream':
        return id === undefined ? [event.text] : []
      case 'aux':
        return []
    }
  })
}
