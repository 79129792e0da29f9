/**
 * Records as text. A record is kept in two parts: the config, written once (and
 * at rename), and the state, written at each transition.
 */
import { EngineError } from '#base/errors.ts'
import { instantFromNanos } from '#base/clock.ts'
import type { ContainerRecord } from '#container/types.ts'

/** The two parts as they are stored. */
interface EncodedRecord {
  readonly config: string
  readonly state: string
}

const statuses: ReadonlySet<unknown> = new Set([
  'created',
  'running',
  'paused',
  'restarting',
  'exited',
  'removing',
  'dead',
] satisfies ContainerRecord['state']['status'][])

export function encodeConfig(record: ContainerRecord): string {
  const { state: _state, restartCount: _count, isStoppedByUser: _stopped, ...config } = record
  return stringify(config)
}

export function encodeState(record: ContainerRecord): string {
  const { state, restartCount, isStoppedByUser } = record
  return stringify({ state, restartCount, isStoppedByUser })
}

/** @throws EngineError data_loss when the texts are no record */
export function decodeRecord(encoded: EncodedRecord): ContainerRecord {
  let value: unknown
  try {
    value = { ...parseObject(encoded.config), ...parseObject(encoded.state) }
  } catch (error) {
    throw new EngineError('data_loss', 'read container record: not JSON', { cause: error })
  }
  if (!isRecord(value)) {
    throw new EngineError('data_loss', 'read container record: members are missing')
  }
  return value
}

/** Instants are the only bigints; `{"$ns": "…"}` keeps all their digits. */
function stringify(value: object): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'bigint' ? { $ns: member.toString() } : member,
  )
}

function parseObject(text: string): object {
  const value: unknown = JSON.parse(text, (_key, member: unknown) =>
    isObject(member) && typeof member['$ns'] === 'string'
      ? instantFromNanos(BigInt(member['$ns']))
      : member,
  )
  if (!isObject(value)) throw new EngineError('data_loss', 'read container record: not an object')
  return value
}

/** The members without which nothing can be done with a record. */
function isRecord(value: unknown): value is ContainerRecord {
  return (
    isObject(value) &&
    typeof value['id'] === 'string' &&
    typeof value['name'] === 'string' &&
    typeof value['imageId'] === 'string' &&
    typeof value['createdAt'] === 'bigint' &&
    typeof value['restartCount'] === 'number' &&
    Array.isArray(value['mounts']) &&
    isObject(value['spec']) &&
    isObject(value['spec']['host']) &&
    isState(value['state'])
  )
}

function isState(value: unknown): boolean {
  if (!isObject(value) || !statuses.has(value['status'])) return false
  switch (value['status']) {
    case 'running':
    case 'paused':
      return isObject(value['run']) && typeof value['run']['startedAt'] === 'bigint'
    case 'restarting':
    case 'exited':
      return isObject(value['last']) && typeof value['last']['code'] === 'number'
    default:
      return true
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
