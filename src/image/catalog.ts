/** The images in memory: by id, by name, in the order they came. */
import { formatReference, parseReference } from '#oci/reference.ts'
import type { ImageFacts } from '#image/record-codec.ts'
import { chainIdOf, platformOf } from '#image/record-codec.ts'
import type { Image, ImageId } from '#image/types.ts'

/** A name of an image: `busybox:latest` (tag) or `busybox@sha256:…` (digest). */
export interface ImageName {
  readonly type: 'tag' | 'digest'
  readonly name: string
}

export interface Catalog {
  facts(id: ImageId): ImageFacts | undefined
  get(id: ImageId): Image | undefined
  named(name: string): Image | undefined
  list(): Image[]
  /** Images whose hex id begins with `prefix`. */
  withPrefix(prefix: string): Image[]
  set(facts: ImageFacts): void
  /** Gives `name` to an image, taking it from the one that had it; nothing when there is no such image. */
  setName(id: string, name: ImageName): void
  deleteName(name: string): void
  delete(id: ImageId): void
}

interface Entry {
  facts: ImageFacts
  readonly names: Map<string, ImageName['type']>
  /** Made when asked for, dropped by every change. */
  view: Image | undefined
}

export function createCatalog(): Catalog {
  const entries = new Map<string, Entry>()
  const owners = new Map<string, Entry>()
  const viewOf = (entry: Entry): Image => (entry.view ??= toImage(entry))
  const deleteName = (name: string) => {
    const owner = owners.get(name)
    owners.delete(name)
    owner?.names.delete(name)
    if (owner) owner.view = undefined
  }
  return {
    facts: (id) => entries.get(id)?.facts,
    get(id) {
      const entry = entries.get(id)
      return entry && viewOf(entry)
    },
    named(name) {
      const entry = owners.get(name)
      return entry && viewOf(entry)
    },
    list: () => [...entries.values()].map(viewOf),
    withPrefix: (prefix) =>
      [...entries.values()]
        .filter(({ facts }) => facts.id.slice(facts.id.indexOf(':') + 1).startsWith(prefix))
        .map(viewOf),
    set(facts) {
      const entry = entries.get(facts.id)
      if (entry) Object.assign(entry, { facts, view: undefined })
      else entries.set(facts.id, { facts, names: new Map(), view: undefined })
    },
    setName(id, { name, type }) {
      const entry = entries.get(id)
      if (!entry) return
      deleteName(name)
      owners.set(name, entry)
      entry.names.set(name, type)
      entry.view = undefined
    },
    deleteName,
    delete(id) {
      for (const name of entries.get(id)?.names.keys() ?? []) deleteName(name)
      entries.delete(id)
    },
  }
}

function toImage({ facts, names }: Entry): Image {
  const { attached: _, layers: __, ...rest } = facts
  const chainId = chainIdOf(facts)
  const ofType = (type: ImageName['type']) =>
    [...names]
      .filter(([, own]) => own === type)
      .map(([name]) => ({ name, full: formatReference(parseReference(name)) }))
      .toSorted((a, b) => (a.full < b.full ? -1 : 1))
      .map(({ name }) => name)
  return {
    ...rest,
    repoTags: ofType('tag'),
    repoDigests: ofType('digest'),
    platform: platformOf(facts),
    ...(chainId === undefined ? {} : { chainId }),
  }
}
