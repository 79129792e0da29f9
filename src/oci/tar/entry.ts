import type { RawHeader } from '#oci/tar/header.ts'
import { damagedArchive } from '#oci/tar/numbers.ts'
import type { PaxRecords } from '#oci/tar/pax.ts'
import type { TarEntry, TarEntryType, TarLimits } from '#oci/tar/types.ts'

/** What the extension members before a header said about it. */
export interface Extensions {
  readonly longPath?: string
  readonly longLinkPath?: string
  readonly pax?: PaxRecords
}

const typesByFlag: Readonly<Record<string, TarEntryType>> = {
  '\0': 'file',
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file',
  D: 'directory',
  S: 'file',
}

/** The member that a header and its extensions describe; `sizeBytes` is what is stored. */
export function combineEntry(
  header: RawHeader,
  extensions: Extensions,
  limits: TarLimits,
): TarEntry {
  const { pax = {}, longPath, longLinkPath } = extensions
  const path = pax.sparse?.name ?? pax.path ?? longPath ?? header.path
  const linkPath = pax.linkPath ?? longLinkPath ?? header.linkPath
  const type = typeOf(header.flag, path)
  const sizeBytes = pax.sizeBytes ?? header.sizeBytes
  checkName(path, limits)
  checkName(linkPath, limits)
  if (sizeBytes < 0) throw damagedArchive(`"${path}" has a negative size`)
  const isLink = type === 'hardlink' || type === 'symlink'
  const isDevice = type === 'character' || type === 'block'
  return {
    path,
    type,
    mode: header.mode,
    uid: checkId(pax.uid ?? header.uid, path),
    gid: checkId(pax.gid ?? header.gid, path),
    sizeBytes: type === 'file' ? sizeBytes : 0,
    mtime: pax.mtime ?? { seconds: header.mtimeSeconds, nanoseconds: 0 },
    ...(isLink ? { linkPath } : {}),
    ...(isDevice ? { device: { major: header.devMajor, minor: header.devMinor } } : {}),
    ...(pax.xattrs ? { xattrs: pax.xattrs } : {}),
  }
}

function typeOf(flag: string, path: string): TarEntryType {
  const type = typesByFlag[flag]
  if (type === undefined) {
    throw damagedArchive(`"${path}" is of the unsupported type "${flag}"`)
  }
  // Before ustar a trailing slash was the only mark of a directory.
  return type === 'file' && flag !== 'S' && path.endsWith('/') ? 'directory' : type
}

function checkName(name: string, limits: TarLimits): void {
  if (name.length > limits.maxNameBytes || Buffer.byteLength(name) > limits.maxNameBytes) {
    throw damagedArchive(`a name of more than ${limits.maxNameBytes} bytes`)
  }
}

/** 2^32 - 1 means "unchanged" to chown(2). */
function checkId(id: number, path: string): number {
  if (id < 0 || id >= 0xffffffff) throw damagedArchive(`"${path}" has the invalid owner ${id}`)
  return id
}
