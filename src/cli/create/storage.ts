import { resolve } from 'node:path'
import { parseMount } from '#cli/create/mounts.ts'
import { EngineError } from '#base/errors.ts'
import { nonEmpty, toRecord } from '#cli/create/pairs.ts'
import type { CreatePart } from '#cli/create/parts.ts'
import { parseBinarySize } from '#cli/format/units.ts'
import type { FlagSet } from '#cli/flags/flag-set.ts'
import type { MountBody } from '#wire/host-config.ts'

/** Flags about volumes, binds and file systems in memory. */
export function declareStorageFlags(flags: FlagSet): () => CreatePart {
  const volume = flags.list('volume', 'Bind mount a volume', { short: 'v' })
  const mount = flags.add<readonly MountBody[]>(
    'mount',
    'Attach a filesystem mount to the container',
    {
      initial: [],
      type: 'mount',
      parse: (text, previous) => [...previous, parseMount(text)],
    },
  )
  const tmpfs = flags.list('tmpfs', 'Mount a tmpfs directory')
  const driver = flags.text('volume-driver', 'Optional volume driver for the container')
  const volumesFrom = flags.list('volumes-from', 'Mount volumes from the specified container(s)')
  const storageOpt = flags.list('storage-opt', 'Storage driver options for the container')
  const readOnly = flags.bool('read-only', "Mount the container's root filesystem as read only")
  const shmSize = flags.add('shm-size', 'Size of /dev/shm', {
    initial: 0,
    type: 'bytes',
    parse: parseBinarySize,
  })
  return () => {
    const { binds, anonymous } = splitVolumes(volume.value)
    return {
      config: {
        Volumes:
          anonymous.length === 0
            ? undefined
            : Object.fromEntries(anonymous.map((path) => [path, {}])),
      },
      host: {
        Binds: nonEmpty(binds),
        Mounts: nonEmpty(mount.value),
        VolumeDriver: driver.value || undefined,
        VolumesFrom: nonEmpty(volumesFrom.value),
        StorageOpt: toRecord(storageOpt.value),
        Tmpfs:
          tmpfs.value.length === 0 ? undefined : Object.fromEntries(tmpfs.value.map(splitTmpfs)),
        ReadonlyRootfs: readOnly.value || undefined,
        ShmSize: shmSize.isSet ? shmSize.value : undefined,
      },
    }
  }
}

/** `/data` alone is an anonymous volume; `./x:/data` starts at the working directory. */
export function splitVolumes(texts: readonly string[]): {
  readonly binds: readonly string[]
  readonly anonymous: readonly string[]
} {
  const binds = texts.filter((text) => text.includes(':'))
  binds.forEach(checkSections)
  return {
    binds: binds.map((text) => {
      const [source = ''] = text.split(':', 1)
      return source.startsWith('.') ? resolve(source) + text.slice(source.length) : text
    }),
    anonymous: texts.filter((text) => !text.includes(':')),
  }
}

/** @throws EngineError invalid_argument with Docker's text */
function checkSections(text: string): void {
  const sections = text.split(':')
  const reason =
    sections.length > 3
      ? 'too many colons'
      : sections.includes('')
        ? 'empty section between colons'
        : undefined
  if (reason === undefined) return
  throw new EngineError('invalid_argument', `invalid spec: ${text}: ${reason}`)
}

function splitTmpfs(text: string): [string, string] {
  const colon = text.indexOf(':')
  return colon === -1 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)]
}
