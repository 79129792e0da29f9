/**
 * Volumes of the driver `local`: a directory `<data root>/volumes/<name>/_data` and a record.
 *
 * Life of a volume: `create` makes the directory and the record, or finds both; container/ mounts the
 * directory, having it filled from the image the first time; `remove` takes both away unless
 * somebody uses it. An anonymous volume has a name drawn at random and goes with its container.
 */
import type { Instant } from '#base/clock.ts'

export interface Volume {
  readonly name: string
  readonly driver: 'local'
  /** Absolute host path of the volume's content. */
  readonly mountpoint: string
  readonly createdAt: Instant
  readonly labels: Readonly<Record<string, string>>
  readonly options: Readonly<Record<string, string>>
  readonly isAnonymous: boolean
}

export interface CreateVolumeOptions {
  /** Drawn at random (an anonymous volume) when absent. */
  readonly name?: string
  readonly labels?: Readonly<Record<string, string>>
  /** Marks a named one as anonymous: container/ draws names itself, to record them first. */
  readonly isAnonymous?: boolean
  readonly options?: Readonly<Record<string, string>>
}

export interface VolumeEvent {
  readonly action: 'create' | 'mount' | 'unmount' | 'destroy' | 'prune'
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
}

export interface Volumes {
  /** Returns the existing one when a volume of that name exists. @throws invalid_argument */
  create(options: CreateVolumeOptions): Promise<Volume>
  /** @throws not_found "get x: no such volume" */
  get(name: string): Volume
  find(name: string): Volume | undefined
  list(): readonly Volume[]
  /** @throws conflict "remove x: volume is in use - [id]" */
  remove(name: string, usedBy: readonly string[]): Promise<void>
  /**
   * Copies the image's content at `source` into an empty volume, owners and modes kept,
   * as Docker does when a new volume is first mounted over a non-empty directory.
   */
  populate(name: string, source: string): Promise<void>
  /** A container takes it into use: mounts what the options name (`type`, `o`, `device`) over the mountpoint. */
  attach(name: string, use: VolumeUse): Promise<void>
  /** The container no longer uses it; nothing for a volume that is gone. */
  detach(name: string, containerId: string): void
}

export interface VolumeUse {
  readonly containerId: string
  readonly target: string
  readonly isWritable: boolean
}
