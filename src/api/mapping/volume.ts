import { formatInstant } from '#base/clock.ts'
import type { Volume } from '#volume/types.ts'
import type { VolumeBody } from '#wire/volumes.ts'

export function toVolumeBody(volume: Volume): VolumeBody {
  return {
    CreatedAt: formatInstant(volume.createdAt),
    Driver: volume.driver,
    Labels: Object.keys(volume.labels).length > 0 ? volume.labels : null,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: Object.keys(volume.options).length > 0 ? volume.options : null,
    Scope: 'local',
  }
}
