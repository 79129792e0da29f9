import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { extract } from 'tar-stream'
import { runOk } from '#test/support/commands.ts'
import { decodeRequest } from '#wire/decode.ts'
import { anything, bool, list, nullable, object, partial, record, text } from '#wire/schema.ts'
import type { Static } from '#wire/schema.ts'

/** One path of an image's file tree, as its layers write it. */
export interface TreeEntry {
  readonly type: string
  readonly mode: string
  readonly owner: string
  readonly size: number
  readonly target: string
  readonly digest: string
  readonly xattrs: string
  /** Milliseconds since 1970. */
  readonly modifiedAt: number
}

const historySchema = partial({
  created_by: text,
  empty_layer: bool,
  comment: text,
  author: text,
})

const configSchema = object(
  { architecture: text, os: text, rootfs: object({ diff_ids: list(text) }) },
  { author: text, config: nullable(record(anything)), history: list(historySchema) },
)

const manifestSchema = list(object({ Config: text, Layers: list(text) }))

export interface SavedImage {
  readonly config: Static<typeof configSchema>
  /** Paths of the layers' tars, one for each diff id. */
  readonly layers: readonly string[]
}

/** Reads the archive that `docker save` wrote and somebody unpacked to `folder`. */
export function readSaved(folder: string): SavedImage {
  const manifests = decodeRequest(manifestSchema, readJson(`${folder}/manifest.json`))
  const [manifest] = manifests
  if (!manifest) throw new Error(`no image in ${folder}`)
  const config = decodeRequest(configSchema, readJson(`${folder}/${manifest.Config}`))
  return { config, layers: manifest.Layers.map((path) => `${folder}/${path}`) }
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}

export async function unpackSaved(archive: string, folder: string): Promise<SavedImage> {
  await runOk('tar', ['-xf', archive, '-C', folder])
  return readSaved(folder)
}

/** The tree that these layers make, one over the other. */
export async function readTree(layers: readonly string[]): Promise<Map<string, TreeEntry>> {
  const tree = new Map<string, TreeEntry>()
  for (const layer of layers) await applyLayer(tree, readFileSync(layer))
  return tree
}

async function applyLayer(tree: Map<string, TreeEntry>, bytes: Buffer): Promise<void> {
  const parser = extract()
  parser.end(bytes[0] === 0x1f ? gunzipSync(bytes) : bytes)
  for await (const entry of parser) {
    const { header } = entry
    const path = `/${header.name.replace(/^\.?\//, '').replace(/\/$/, '')}`
    const content = await buffer(entry)
    const whiteout = /^(.*\/)\.wh\.([^/]+)$/.exec(path)
    if (whiteout) {
      // Kept as an entry: what a step hides below it lies in a layer that is not read.
      tree.set(path, plainEntry('whiteout'))
      removeBelow(tree, `${whiteout[1]}${whiteout[2]}`)
      continue
    }
    const linked = header.type === 'link' ? tree.get(absolute(header.linkname ?? '')) : undefined
    tree.set(path, linked ?? entryOf(header, content))
  }
  if (!parser.destroyed) await once(parser, 'close')
}

function absolute(name: string): string {
  return `/${name.replace(/^\.?\//, '')}`
}

function removeBelow(tree: Map<string, TreeEntry>, path: string): void {
  for (const known of tree.keys()) {
    if (known === path || known.startsWith(`${path}/`)) tree.delete(known)
  }
}

function plainEntry(type: string): TreeEntry {
  const none = { mode: '', owner: '', size: 0, target: '', digest: '', xattrs: '', modifiedAt: 0 }
  return { type, ...none }
}

interface Header {
  readonly type?: string | null | undefined
  readonly mode?: number | undefined
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  readonly linkname?: string | null | undefined
  readonly mtime?: Date | undefined
  /** Names and values of the extended header. */
  readonly pax?: unknown
}

function entryOf(header: Header, content: Buffer): TreeEntry {
  const extended = typeof header.pax === 'object' ? { ...header.pax } : {}
  const xattrs = Object.entries(extended)
    .filter(([name]) => name.startsWith('SCHILY.xattr'))
    .toSorted(([a], [b]) => a.localeCompare(b))
  return {
    type: header.type ?? 'file',
    mode: ((header.mode ?? 0) & 0o7777).toString(8),
    owner: `${header.uid}:${header.gid}`,
    size: content.length,
    target: header.linkname ?? '',
    digest: createHash('sha256').update(content).digest('hex').slice(0, 16),
    xattrs: JSON.stringify(xattrs),
    modifiedAt: header.mtime?.getTime() ?? 0,
  }
}
