import { resolve } from 'node:path'
import { parseBinarySize } from '#cli/format/units.ts'
import type { MountBody } from '#wire/host-config.ts'

const commonKeys = new Set([
  'type',
  'source',
  'src',
  'target',
  'dst',
  'destination',
  'readonly',
  'ro',
  'consistency',
])
const bindKeys = ['bind-propagation', 'bind-nonrecursive', 'bind-recursive', 'bind-create-src']
const volumeKeys = [
  'volume-nocopy',
  'volume-label',
  'volume-driver',
  'volume-opt',
  'volume-subpath',
]
const tmpfsKeys = ['tmpfs-size', 'tmpfs-mode']

/**
 * Reads `--mount type=bind,source=/a,target=/b,readonly`.
 * @throws Error with Docker's text
 */
export function parseMount(text: string): MountBody {
  const fields = splitCsv(text).map(splitField)
  const type = lastOf(fields, ['type'])?.toLowerCase() ?? 'volume'
  const target = lastOf(fields, ['target', 'dst', 'destination']) ?? ''
  const source = lastOf(fields, ['source', 'src'])
  if (target === '') throw new Error('target is required')
  checkKeys(fields, type)
  return {
    Type: type,
    Source: type === 'bind' && source?.startsWith('.') ? resolve(source) : source,
    Target: target,
    ReadOnly: boolOf(fields, ['readonly', 'ro']),
    BindOptions: bindOptions(fields),
    VolumeOptions: volumeOptions(fields),
    TmpfsOptions: tmpfsOptions(fields),
  }
}

type Field = readonly [key: string, value: string | undefined]

function splitField(part: string): Field {
  const equals = part.indexOf('=')
  if (equals !== -1) return [part.slice(0, equals).trim().toLowerCase(), part.slice(equals + 1)]
  const key = part.trim().toLowerCase()
  if (!['readonly', 'ro', 'volume-nocopy', 'bind-nonrecursive', 'bind-create-src'].includes(key)) {
    throw new Error(`invalid field '${part}' must be a key=value pair`)
  }
  return [key, undefined]
}

function checkKeys(fields: readonly Field[], type: string): void {
  const special: Readonly<Record<string, readonly string[]>> = {
    bind: bindKeys,
    volume: volumeKeys,
    tmpfs: tmpfsKeys,
  }
  for (const [key, value = ''] of fields) {
    if (commonKeys.has(key) || special[type]?.includes(key)) continue
    const [other] = Object.entries(special).find(([, keys]) => keys.includes(key)) ?? []
    if (other === undefined) throw new Error(`unexpected key '${key}' in '${key}=${value}'`)
    throw new Error(`cannot mix '${other}-*' options with mount type '${type}'`)
  }
}

function bindOptions(fields: readonly Field[]): MountBody['BindOptions'] {
  if (!fields.some(([key]) => bindKeys.includes(key))) return undefined
  const recursive = lastOf(fields, ['bind-recursive'])
  return {
    Propagation: lastOf(fields, ['bind-propagation']),
    NonRecursive: recursive === 'disabled' || boolOf(fields, ['bind-nonrecursive']) || undefined,
    CreateMountpoint: boolOf(fields, ['bind-create-src']),
    ReadOnlyNonRecursive: recursive === 'writable' || undefined,
    ReadOnlyForceRecursive: recursive === 'readonly' || undefined,
  }
}

function volumeOptions(fields: readonly Field[]): MountBody['VolumeOptions'] {
  if (!fields.some(([key]) => volumeKeys.includes(key))) return undefined
  const pairs = (name: string) =>
    fields.flatMap(([key, value = '']) => (key === name ? [splitPair(value)] : []))
  const options = pairs('volume-opt')
  const driver = lastOf(fields, ['volume-driver'])
  const labels = pairs('volume-label')
  return {
    NoCopy: boolOf(fields, ['volume-nocopy']),
    Subpath: lastOf(fields, ['volume-subpath']),
    Labels: labels.length === 0 ? undefined : Object.fromEntries(labels),
    DriverConfig:
      driver === undefined && options.length === 0
        ? undefined
        : { Name: driver, Options: Object.fromEntries(options) },
  }
}

function tmpfsOptions(fields: readonly Field[]): MountBody['TmpfsOptions'] {
  const size = lastOf(fields, ['tmpfs-size'])
  const mode = lastOf(fields, ['tmpfs-mode'])
  if (size === undefined && mode === undefined) return undefined
  if (mode !== undefined && !/^[0-7]+$/.test(mode)) {
    throw new Error(`invalid value for tmpfs-mode: ${mode}`)
  }
  return {
    SizeBytes: size === undefined ? undefined : parseBinarySize(size),
    Mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
  }
}

function splitPair(text: string): [string, string] {
  const equals = text.indexOf('=')
  return equals === -1 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)]
}

function lastOf(fields: readonly Field[], keys: readonly string[]): string | undefined {
  return fields.findLast(([key]) => keys.includes(key))?.[1]
}

function boolOf(fields: readonly Field[], keys: readonly string[]): boolean | undefined {
  const field = fields.findLast(([key]) => keys.includes(key))
  if (!field) return undefined
  const [key, value = 'true'] = field
  if (['true', '1', 't'].includes(value.toLowerCase())) return true
  if (['false', '0', 'f'].includes(value.toLowerCase())) return false
  throw new Error(`invalid value for ${key}: ${value}`)
}

/** One line of CSV: `"` quotes a field that has commas, `""` is a quote. */
export function splitCsv(text: string): string[] {
  const fields = text.match(/(?:^|,)(?:"(?:[^"]|"")*"|[^,]*)/g) ?? []
  return fields.map((field, index) => {
    const body = index === 0 ? field : field.slice(1)
    return body.startsWith('"') ? body.slice(1, -1).replaceAll('""', '"') : body
  })
}
