/** `RUN --mount=type=…,key=value`: one CSV record. */
import { EngineError } from '#base/errors.ts'
import { suggestion } from '#build/dockerfile/suggest.ts'

export type MountType = 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh'

export interface MountFlag {
  readonly type: MountType
  readonly target?: string
  readonly source?: string
  readonly from?: string
  readonly id?: string
  readonly env?: string
  readonly sharing?: 'shared' | 'private' | 'locked'
  /** Undefined = the type's default. */
  readonly isReadOnly?: boolean
  readonly isRequired?: boolean
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly sizeBytes?: number
}

type Field =
  | 'target'
  | 'source'
  | 'from'
  | 'id'
  | 'env'
  | 'sharing'
  | 'ro'
  | 'required'
  | 'mode'
  | 'uid'
  | 'gid'
  | 'size'

const aliases: Readonly<Record<string, Field>> = {
  target: 'target',
  dst: 'target',
  destination: 'target',
  source: 'source',
  src: 'source',
  from: 'from',
  id: 'id',
  env: 'env',
  sharing: 'sharing',
  ro: 'ro',
  readonly: 'ro',
  required: 'required',
  mode: 'mode',
  uid: 'uid',
  gid: 'gid',
  size: 'size',
}

const fieldsByType: Readonly<Record<MountType, readonly Field[]>> = {
  bind: ['target', 'source', 'from', 'ro'],
  cache: ['target', 'source', 'from', 'id', 'sharing', 'ro', 'mode', 'uid', 'gid'],
  tmpfs: ['target', 'size', 'ro'],
  secret: ['target', 'id', 'env', 'required', 'mode', 'uid', 'gid'],
  ssh: ['target', 'id', 'required', 'mode', 'uid', 'gid'],
}

/** Fields whose presence says it all. */
const mayStandAlone: ReadonlySet<string> = new Set([
  'ro',
  'readonly',
  'rw',
  'readwrite',
  'required',
])

/** @throws EngineError invalid_argument */
export function parseMountFlag(text: string): MountFlag {
  const fields = text.split(',').map(splitField)
  const type = fields.find(({ key }) => key === 'type')?.value ?? 'bind'
  if (!isMountType(type)) throw invalid(`unsupported mount type "${type}"`)
  const values = new Map<Field, string>()
  for (const { key, value, text: field } of fields) {
    if (value === undefined && !mayStandAlone.has(key) && Object.hasOwn(aliases, key))
      throw invalid(`invalid field '${field}' must be a key=value pair`)
    if (key === 'rw' || key === 'readwrite') {
      values.set('ro', readBoolean(key, value ?? 'true') ? 'false' : 'true')
    } else if (key !== 'type') {
      values.set(fieldOf(type, { key, text: field }), value ?? 'true')
    }
  }
  return { type, ...textFields(values), ...numberFields(values), ...booleanFields(values) }
}

interface KeyText {
  readonly key: string
  /** As written. */
  readonly text: string
  readonly value: string | undefined
}

function splitField(field: string): KeyText {
  const equals = field.indexOf('=')
  const text = field
  if (equals < 0) return { key: field.toLowerCase(), value: undefined, text }
  return { key: field.slice(0, equals).toLowerCase(), value: field.slice(equals + 1), text }
}

function fieldOf(type: MountType, { key, text }: Pick<KeyText, 'key' | 'text'>): Field {
  const field = Object.hasOwn(aliases, key) ? aliases[key] : undefined
  if (field !== undefined && fieldsByType[type].includes(field)) return field
  if (field !== undefined) throw invalid(`unexpected key '${key}' for mount type '${type}'`)
  const similar = suggestion(key, ['type', 'rw', 'readwrite', ...Object.keys(aliases)])
  throw invalid(`unexpected key '${key}' in '${text}'${similar}`)
}

function isMountType(text: string): text is MountType {
  return Object.hasOwn(fieldsByType, text)
}

function textFields(values: ReadonlyMap<Field, string>) {
  const pick = (field: Field) => {
    const value = values.get(field)
    return value === undefined ? {} : { [field]: value }
  }
  const sharing = readSharing(values.get('sharing'))
  return {
    ...pick('target'),
    ...pick('source'),
    ...pick('from'),
    ...pick('id'),
    ...pick('env'),
    ...(sharing !== undefined && { sharing }),
  }
}

function readSharing(text: string | undefined): MountFlag['sharing'] {
  if (text === undefined || text === 'shared' || text === 'private' || text === 'locked')
    return text
  throw invalid(`unsupported sharing value "${text}"`)
}

function numberFields(values: ReadonlyMap<Field, string>) {
  const number = (field: Field, name: string, base: number) => {
    const value = values.get(field)
    if (value === undefined) return {}
    const parsed = Number.parseInt(value, base)
    const isWhole = base === 8 ? /^[0-7]+$/.test(value) : /^\d+$/.test(value)
    if (!isWhole) throw invalid(`invalid value ${value} for ${field}`)
    return { [name]: parsed }
  }
  const size = values.get('size')
  return {
    ...number('mode', 'mode', 8),
    ...number('uid', 'uid', 10),
    ...number('gid', 'gid', 10),
    ...(size !== undefined && { sizeBytes: readSize(size) }),
  }
}

function booleanFields(values: ReadonlyMap<Field, string>) {
  const readOnly = values.get('ro')
  const required = values.get('required')
  return {
    ...(readOnly !== undefined && { isReadOnly: readBoolean('ro', readOnly) }),
    ...(required !== undefined && { isRequired: readBoolean('required', required) }),
  }
}

function readBoolean(key: string, value: string): boolean {
  if (/^(1|t|true)$/i.test(value)) return true
  if (/^(0|f|false)$/i.test(value)) return false
  throw invalid(`invalid value for ${key}: ${value}`)
}

function readSize(text: string): number {
  const match = /^(\d+)([kmgt]?)b?$/i.exec(text)
  if (!match) throw invalid(`invalid value for size: ${text}`)
  const power = 'kmgt'.indexOf((match[2] ?? '').toLowerCase() || ' ') + 1
  return Number(match[1]) * 1024 ** power
}

function invalid(message: string): EngineError {
  return new EngineError('invalid_argument', message)
}
