import { ContainerConfig } from '#wire/container-config.ts'
import { GraphDriver } from '#wire/containers.ts'
import {
  anything,
  integer,
  list,
  nullable,
  object,
  record,
  type Static,
  text,
} from '#wire/schema.ts'

export const PlatformBody = object({ architecture: text, os: text }, { variant: text })
export type PlatformBody = Static<typeof PlatformBody>

export const DescriptorBody = object(
  { mediaType: text, digest: text, size: integer },
  { platform: PlatformBody, annotations: record(text), artifactType: text, urls: list(text) },
)
export type DescriptorBody = Static<typeof DescriptorBody>

/** One row of `GET /images/json`; -1 = not computed. `VirtualSize` is for clients before 1.44. */
export const ImageSummary = object(
  {
    Id: text,
    ParentId: text,
    RepoTags: list(text),
    RepoDigests: list(text),
    Created: integer,
    Size: integer,
    SharedSize: integer,
    Labels: nullable(record(text)),
    Containers: integer,
  },
  { VirtualSize: integer, Descriptor: DescriptorBody },
)
export type ImageSummary = Static<typeof ImageSummary>

/** `GET /images/{name}/json`. */
export const ImageInspect = object(
  {
    Id: text,
    RepoTags: list(text),
    RepoDigests: list(text),
    Comment: text,
    Author: text,
    Config: nullable(ContainerConfig),
    Architecture: text,
    Os: text,
    Size: integer,
    RootFS: object({ Type: text }, { Layers: list(text) }),
    Metadata: object({ LastTagTime: text }),
  },
  {
    Created: text,
    Parent: text,
    DockerVersion: text,
    Container: text,
    Variant: text,
    OsVersion: text,
    VirtualSize: integer,
    GraphDriver,
    Storage: anything,
    Descriptor: DescriptorBody,
  },
)
export type ImageInspect = Static<typeof ImageInspect>

/** One line of `DELETE /images/{name}`: exactly one of the two. */
export const DeleteItem = object({}, { Untagged: text, Deleted: text })
export type DeleteItem = Static<typeof DeleteItem>

export const HistoryItem = object({
  Id: text,
  Created: integer,
  CreatedBy: text,
  Tags: nullable(list(text)),
  Size: integer,
  Comment: text,
})
export type HistoryItem = Static<typeof HistoryItem>

/** One JSON line of a pull, push, load, import or build. */
export const ProgressLine = object(
  {},
  {
    status: text,
    id: text,
    progressDetail: object({}, { current: integer, total: integer }),
    stream: text,
    aux: anything,
    error: text,
    errorDetail: object({ message: text }, { code: integer }),
  },
)
export type ProgressLine = Static<typeof ProgressLine>

export const ImagesPruneResponse = object({
  ImagesDeleted: nullable(list(DeleteItem)),
  SpaceReclaimed: integer,
})
export type ImagesPruneResponse = Static<typeof ImagesPruneResponse>
