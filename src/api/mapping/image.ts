import { formatInstant, secondsOf, zeroTime } from '#base/clock.ts'
import type { Image, ImageHistory, RemovedImage } from '#image/types.ts'
import type { Descriptor } from '#oci/descriptor.ts'
import type {
  DeleteItem,
  DescriptorBody,
  HistoryItem,
  ImageInspect,
  ImageSummary,
} from '#wire/images.ts'
import { isApiVersionAtLeast } from '#wire/versions.ts'

export interface ImageFacts {
  readonly version: string
  readonly storageDriver: string
  /** Containers that use the image; -1 = not counted. */
  readonly containers: number
}

/** One row of `GET /images/json`. */
export function toImageSummary(image: Image, facts: ImageFacts): ImageSummary {
  const isBefore144 = !isApiVersionAtLeast(facts.version, '1.44')
  return {
    Containers: facts.containers,
    Created: secondsOf(image.createdAt),
    Id: image.id,
    Labels: image.config.config?.Labels ?? null,
    ParentId: '',
    RepoDigests: image.repoDigests,
    RepoTags: image.repoTags,
    SharedSize: -1,
    Size: image.sizeBytes,
    ...(isBefore144 ? { VirtualSize: image.sizeBytes } : {}),
    ...(isApiVersionAtLeast(facts.version, '1.48') ? { Descriptor: targetDescriptor(image) } : {}),
  }
}

/** `GET /images/{name}/json`. */
export function toImageInspect(image: Image, facts: ImageFacts): ImageInspect {
  const { config } = image
  const { version, storageDriver } = facts
  return {
    Id: image.id,
    RepoTags: image.repoTags,
    RepoDigests: image.repoDigests,
    Comment: config.history?.at(-1)?.comment ?? '',
    ...(config.created === undefined ? {} : { Created: config.created }),
    Author: config.author ?? '',
    Config: toImageConfig(image, version),
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    ...(config['os.version'] === undefined ? {} : { OsVersion: config['os.version'] }),
    Size: image.sizeBytes,
    RootFS: { Type: 'layers', Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: image.lastTaggedAt ? formatInstant(image.lastTaggedAt) : zeroTime },
    ...(isApiVersionAtLeast(version, '1.44') ? {} : { VirtualSize: image.sizeBytes }),
    ...(isApiVersionAtLeast(version, '1.48') ? { Descriptor: targetDescriptor(image) } : {}),
    ...(isApiVersionAtLeast(version, '1.52')
      ? {}
      : { Parent: '', DockerVersion: '', GraphDriver: { Name: storageDriver, Data: null } }),
  }
}

/** Before 1.50 the image's config carried a container's fields too, empty. */
function toImageConfig(image: Image, version: string): ImageInspect['Config'] {
  const config = image.config.config ?? {}
  const { OnBuild, Shell, Healthcheck, ...common } = config
  const present = {
    ...common,
    ...(OnBuild ? { OnBuild } : {}),
    ...(Shell ? { Shell } : {}),
    ...(Healthcheck ? { Healthcheck } : {}),
  }
  if (isApiVersionAtLeast(version, '1.50')) return present
  return {
    Hostname: '',
    Domainname: '',
    User: '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: null,
    Cmd: null,
    Image: '',
    Volumes: null,
    WorkingDir: '',
    Entrypoint: null,
    OnBuild: null,
    Labels: null,
    ...present,
  }
}

function targetDescriptor(image: Image): DescriptorBody {
  const { mediaType, digest, size }: Descriptor = image.index ?? image.manifest
  return { mediaType, digest, size }
}

export function toHistoryItem(entry: ImageHistory): HistoryItem {
  return {
    Comment: entry.comment,
    Created: entry.createdAt === undefined ? 0 : secondsOf(entry.createdAt),
    CreatedBy: entry.createdBy,
    Id: entry.id,
    Size: entry.sizeBytes,
    Tags: entry.tags.length > 0 ? entry.tags : null,
  }
}

export function toDeleteItem(removed: RemovedImage): DeleteItem {
  return 'untagged' in removed ? { Untagged: removed.untagged } : { Deleted: removed.deleted }
}
