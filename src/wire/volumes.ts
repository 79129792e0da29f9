import {
  integer,
  list,
  nullable,
  object,
  partial,
  record,
  type Static,
  text,
} from '#wire/schema.ts'

export const VolumeBody = object(
  {
    Name: text,
    Driver: text,
    Mountpoint: text,
    Labels: nullable(record(text)),
    Options: nullable(record(text)),
    Scope: text,
  },
  { CreatedAt: text, UsageData: object({ Size: integer, RefCount: integer }) },
)
export type VolumeBody = Static<typeof VolumeBody>

export const VolumeListResponse = object({
  Volumes: list(VolumeBody),
  Warnings: nullable(list(text)),
})
export type VolumeListResponse = Static<typeof VolumeListResponse>

export const VolumeCreateBody = partial({
  Name: text,
  Driver: text,
  DriverOpts: nullable(record(text)),
  Labels: nullable(record(text)),
})
export type VolumeCreateBody = Static<typeof VolumeCreateBody>

export const VolumesPruneResponse = object({
  VolumesDeleted: nullable(list(text)),
  SpaceReclaimed: integer,
})
export type VolumesPruneResponse = Static<typeof VolumesPruneResponse>
