import { shortId } from '#base/ids.ts'
import { formatCreated, formatSize } from '#cli/format/units.ts'
import { formatDuration } from '#wire/duration.ts'
import type { ImageSummary } from '#wire/images.ts'

export interface ImageRowOptions {
  readonly nowMs: number
  readonly isTruncated: boolean
  /** One row per digest, too. */
  readonly hasDigests: boolean
}

/** The rows of one image: one per tag, and one without a tag when it has none. */
export function imageRows(image: ImageSummary, options: ImageRowOptions) {
  const digests = new Map((image.RepoDigests ?? []).map((text) => splitAt(text, '@')))
  const tags = (image.RepoTags ?? []).filter((tag) => tag !== '<none>:<none>').map(splitTag)
  const tagged = new Set(tags.map(([repository]) => repository))
  const names = [
    ...tags.map(([repository, tag]) => ({ repository, tag, digest: digests.get(repository) })),
    ...[...digests]
      .filter(([repository]) => repository !== '<none>' && !tagged.has(repository))
      .map(([repository, digest]) => ({ repository, tag: none, digest })),
  ]
  const shown = names.length === 0 ? [{ repository: none, tag: none, digest: undefined }] : names
  return shown.map(({ repository, tag, digest = none }) => ({
    Repository: repository,
    Tag: tag,
    Digest: digest,
    ...sharedFields(image, options),
  }))
}

export type ImageRow = ReturnType<typeof imageRows>[number]

const none = '<none>'

function sharedFields(image: ImageSummary, { nowMs, isTruncated }: ImageRowOptions) {
  const size = formatSize(image.Size, 3)
  const orUnknown = (count: number, text: string) => (count < 0 ? 'N/A' : text)
  return {
    ID: isTruncated ? shortId(image.Id) : image.Id,
    CreatedSince:
      image.Created <= 0 ? 'N/A' : `${formatDuration(nowMs - image.Created * 1000)} ago`,
    CreatedAt: formatCreated(image.Created),
    Size: size,
    VirtualSize: formatSize(image.Size),
    SharedSize: orUnknown(image.SharedSize, formatSize(image.SharedSize, 3)),
    UniqueSize: orUnknown(image.SharedSize, formatSize(image.Size - image.SharedSize, 3)),
    Containers: orUnknown(image.Containers, String(image.Containers)),
  }
}

function splitTag(name: string): [string, string] {
  const colon = name.lastIndexOf(':')
  return [name.slice(0, colon), name.slice(colon + 1)]
}

function splitAt(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark)
  return [text.slice(0, at), text.slice(at + 1)]
}
