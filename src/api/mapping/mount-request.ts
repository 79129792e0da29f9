import { EngineError } from '#base/errors.ts'
import type { MountRequest } from '#container/types.ts'
import type { MountBody } from '#wire/host-config.ts'

/**
 * One `--mount`. Options of another type than the mount's own are an error, as in Docker since 1.42.
 * @throws EngineError invalid_argument, not_implemented
 */
export function toMountRequest(mount: MountBody): MountRequest {
  const type = mountType(mount.Type ?? '')
  const target = mount.Target ?? ''
  if (target === '') throw invalidMount(type, 'field Target must not be empty')
  checkOptions(mount, type)
  const common = {
    type,
    target,
    isReadOnly: mount.ReadOnly ?? false,
    ...(mount.Source ? { source: mount.Source } : {}),
  }
  switch (type) {
    case 'bind':
      return { ...common, ...bindFields(mount) }
    case 'volume':
      return { ...common, ...volumeFields(mount) }
    case 'tmpfs':
      return { ...common, ...tmpfsFields(mount) }
  }
}

function mountType(text: string): MountRequest['type'] {
  if (text === 'bind' || text === 'volume' || text === 'tmpfs') return text
  if (text === 'image' || text === 'npipe' || text === 'cluster') {
    throw new EngineError('not_implemented', `mount type "${text}" is not supported by this engine`)
  }
  throw invalidMount(text, 'mount type unknown')
}

function checkOptions(mount: MountBody, type: MountRequest['type']): void {
  const options = {
    bind: mount.BindOptions,
    volume: mount.VolumeOptions,
    tmpfs: mount.TmpfsOptions,
  }
  for (const [owner, value] of Object.entries(options)) {
    if (value && owner !== type) {
      throw invalidMount(
        type,
        `field ${owner[0]?.toUpperCase() ?? ''}${owner.slice(1)}Options must not be specified`,
      )
    }
  }
  if (type === 'bind' && !mount.Source) throw invalidMount(type, 'field Source must not be empty')
  if (type === 'tmpfs' && mount.Source)
    throw invalidMount(type, 'field Source must not be specified')
}

function bindFields({ BindOptions, ReadOnly }: MountBody) {
  checkRecursion(BindOptions ?? {}, ReadOnly ?? false)
  return {
    ...(BindOptions?.Propagation ? { propagation: BindOptions.Propagation } : {}),
    ...(BindOptions?.CreateMountpoint === true ? { createsSource: true } : {}),
    ...(BindOptions?.NonRecursive === true ? { isNonRecursive: true } : {}),
    ...(BindOptions?.ReadOnlyNonRecursive === true ? { keepsSubmounts: true } : {}),
  }
}

function checkRecursion(options: NonNullable<MountBody['BindOptions']>, isReadOnly: boolean): void {
  const { NonRecursive, ReadOnlyForceRecursive, ReadOnlyNonRecursive } = options
  if (ReadOnlyNonRecursive === true && !isReadOnly) {
    throw invalidMount('bind', 'mount is not ReadOnly but BindOptions.ReadOnlyNonRecursive is set')
  }
  if (ReadOnlyForceRecursive !== true) return
  if (!isReadOnly) {
    throw invalidMount(
      'bind',
      'mount is not ReadOnly but BindOptions.ReadOnlyForceRecursive is set',
    )
  }
  if (NonRecursive === true || ReadOnlyNonRecursive === true) {
    throw invalidMount('bind', 'BindOptions.ReadOnlyForceRecursive conflicts with its opposite')
  }
}

function volumeFields({ VolumeOptions }: MountBody) {
  const driver = VolumeOptions?.DriverConfig?.Name ?? ''
  if (driver !== '' && driver !== 'local') {
    throw new EngineError(
      'not_found',
      `error looking up volume plugin ${driver}: plugin "${driver}" not found`,
    )
  }
  return {
    ...(VolumeOptions?.NoCopy === true ? { noCopy: true } : {}),
    ...(VolumeOptions?.Subpath ? { subpath: VolumeOptions.Subpath } : {}),
    ...(VolumeOptions?.Labels ? { labels: VolumeOptions.Labels } : {}),
  }
}

function tmpfsFields({ TmpfsOptions }: MountBody) {
  return {
    ...(TmpfsOptions?.SizeBytes ? { tmpfsSizeBytes: TmpfsOptions.SizeBytes } : {}),
    ...(TmpfsOptions?.Mode ? { tmpfsMode: TmpfsOptions.Mode } : {}),
  }
}

function invalidMount(type: string, detail: string): EngineError {
  return new EngineError('invalid_argument', `invalid mount config for type "${type}": ${detail}`)
}
