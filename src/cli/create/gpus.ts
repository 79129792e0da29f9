import { splitCsv } from '#cli/create/mounts.ts'

/** One entry of `HostConfig.DeviceRequests`. */
export interface GpuRequest {
  readonly Driver: string
  /** -1: all of them. */
  readonly Count: number
  readonly DeviceIDs: readonly string[] | null
  readonly Capabilities: readonly (readonly string[])[]
  readonly Options: Readonly<Record<string, string>>
}

/**
 * Reads `all`, a count, or `driver=…,count=…,device=…,capabilities=…,options=…`.
 * @throws Error with Docker's text
 */
export function parseGpuRequest(text: string): GpuRequest {
  const fields = new Map(splitCsv(text).map(readField))
  for (const key of fields.keys()) {
    if (!known.has(key)) throw new Error(`unexpected key '${key}' in '${text}'`)
  }
  const devices = fields.get('device')
  const count = fields.get('count')
  if (devices !== undefined && count !== undefined) {
    throw new Error('cannot set both Count and DeviceIDs on device request')
  }
  return {
    Driver: fields.get('driver') ?? '',
    Count: devices === undefined ? parseCount(count ?? '1') : 0,
    DeviceIDs: devices?.split(',') ?? null,
    Capabilities: [['gpu', ...splitCsv(fields.get('capabilities') ?? '').filter(isNewCapability)]],
    Options: readOptions(fields.get('options') ?? ''),
  }
}

const known = new Set(['driver', 'count', 'device', 'capabilities', 'options'])

/** A value without a key is the count. */
function readField(field: string): readonly [string, string] {
  const equals = field.indexOf('=')
  if (equals === -1) return ['count', field]
  return [field.slice(0, equals), field.slice(equals + 1)]
}

function parseCount(text: string): number {
  if (text === 'all') return -1
  if (/^-?\d+$/.test(text)) return Number(text)
  throw new Error(`invalid count (${text}): value must be either "all" or an integer`)
}

function isNewCapability(name: string): boolean {
  return name !== '' && name !== 'gpu'
}

function readOptions(text: string): Readonly<Record<string, string>> {
  const pairs = splitCsv(text).filter((pair) => pair !== '')
  return Object.fromEntries(pairs.map(readField))
}
