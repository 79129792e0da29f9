import { decodeName } from '#oci/tar/names.ts'
import { damagedArchive, decodeDecimal } from '#oci/tar/numbers.ts'
import type { TarTime } from '#oci/tar/types.ts'

/** The records of one extended header that matter to us (pax(1), tar(5)). */
export interface PaxRecords {
  path?: string
  linkPath?: string
  sizeBytes?: number
  uid?: number
  gid?: number
  mtime?: TarTime
  xattrs?: Map<string, Uint8Array>
  sparse?: PaxSparse
}

/** GNU's sparse records, versions 0.0, 0.1 and 1.0 (GNU tar manual, "Sparse Formats"). */
export interface PaxSparse {
  major?: number
  minor?: number
  name?: string
  realSizeBytes?: number
  /** Alternating offsets and lengths of versions 0.x. */
  numbers?: number[]
}

const xattrPrefix = 'SCHILY.xattr.'
const sparsePrefix = 'GNU.sparse.'

/** Parses `length key=value\n` records. @throws EngineError data_loss */
export function decodePax(bytes: Buffer): PaxRecords {
  const records: PaxRecords = {}
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at)
    const length = space < 0 ? Number.NaN : Number(bytes.toString('latin1', at, space))
    const end = at + length
    const equals = bytes.indexOf(0x3d, space)
    const isWhole = Number.isInteger(length) && length > 0 && end <= bytes.length
    if (!isWhole || equals < 0 || equals >= end || bytes[end - 1] !== 0x0a) {
      throw damagedArchive('an extended header is malformed')
    }
    const key = bytes.toString('utf8', space + 1, equals)
    applyRecord(records, key, bytes.subarray(equals + 1, end - 1))
    at = end
  }
  return records
}

function applyRecord(records: PaxRecords, key: string, value: Buffer): void {
  if (key.startsWith(xattrPrefix)) {
    records.xattrs ??= new Map()
    records.xattrs.set(key.slice(xattrPrefix.length), Buffer.from(value))
    return
  }
  if (key.startsWith(sparsePrefix)) {
    applySparse((records.sparse ??= {}), key.slice(sparsePrefix.length), value)
    return
  }
  switch (key) {
    case 'path':
      records.path = nameOf(value)
      break
    case 'linkpath':
      records.linkPath = nameOf(value)
      break
    case 'size':
      records.sizeBytes = decodeDecimal(value.toString('latin1'), 'size')
      break
    case 'uid':
      records.uid = decodeDecimal(value.toString('latin1'), 'uid')
      break
    case 'gid':
      records.gid = decodeDecimal(value.toString('latin1'), 'gid')
      break
    case 'mtime':
      records.mtime = decodeTime(value.toString('latin1'))
      break
  }
}

function applySparse(sparse: PaxSparse, key: string, value: Buffer): void {
  const number = () => decodeDecimal(value.toString('latin1'), `sparse ${key}`)
  switch (key) {
    case 'major':
      sparse.major = number()
      break
    case 'minor':
      sparse.minor = number()
      break
    case 'name':
      sparse.name = nameOf(value)
      break
    case 'size':
    case 'realsize':
      sparse.realSizeBytes = number()
      break
    case 'offset':
    case 'numbytes':
      ;(sparse.numbers ??= []).push(number())
      break
    case 'map':
      sparse.numbers = value
        .toString('latin1')
        .split(',')
        .map((text) => decodeDecimal(text, 'sparse map'))
      break
  }
}

function nameOf(value: Buffer): string {
  if (value.includes(0)) throw damagedArchive('a name in an extended header contains NUL')
  return decodeName(value)
}

/** Decimal seconds with an optional fraction, possibly negative: `-1.5` is 2 s back and 0.5 s on. */
function decodeTime(text: string): TarTime {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text)
  if (!match) throw damagedArchive(`time "${text}" is not a number`)
  const whole = Number(match[2])
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'))
  if (match[1] !== '-') return { seconds: whole, nanoseconds }
  return nanoseconds === 0
    ? { seconds: -whole, nanoseconds: 0 }
    : { seconds: -whole - 1, nanoseconds: 1_000_000_000 - nanoseconds }
}

/** Encodes one `length key=value\n` record; the length counts its own digits. */
export function encodePaxRecord(key: string, value: Uint8Array): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')])
  let length = rest.length + 1
  while (String(length).length + rest.length !== length) {
    length = String(length).length + rest.length
  }
  return Buffer.concat([Buffer.from(String(length)), rest])
}
