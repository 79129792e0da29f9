import type { EngineEvent } from '#engine/types.ts'
import { matchesLabels } from '#api/filters/labels.ts'
import type { Filters } from '#wire/filters.ts'

export const eventFilterKeys = [
  'config',
  'container',
  'daemon',
  'event',
  'image',
  'label',
  'network',
  'node',
  'plugin',
  'scope',
  'secret',
  'service',
  'type',
  'volume',
] as const

/** Actions that carry more than their name, matched by prefix. */
const prefixActions = new Set(['exec_create', 'exec_start', 'health_status'])

/** True when every filter key has a value that the event fits. */
export function matchesEvent(event: EngineEvent, filters: Filters): boolean {
  return Object.entries(filters).every(([key, values]) => matchesKey(event, key, values))
}

function matchesKey(event: EngineEvent, key: string, values: readonly string[]): boolean {
  switch (key) {
    case 'event':
      return values.some((value) => matchesAction(event.action, value))
    case 'type':
      return values.includes(event.type)
    case 'label':
      return matchesLabels(event.attributes, values)
    case 'scope':
      return values.includes('local')
    case 'image':
      return matchesImage(event, values)
    default:
      return event.type === key && matchesActor(event, values)
  }
}

function matchesAction(action: string, wanted: string): boolean {
  return action === wanted || (prefixActions.has(wanted) && action.startsWith(`${wanted}:`))
}

function matchesActor({ actorId, attributes }: EngineEvent, values: readonly string[]): boolean {
  return values.some(
    (value) =>
      value !== '' &&
      // Docker matches the beginning of an id and of a name alike.
      (actorId.startsWith(value) || attributes['name']?.startsWith(value) === true),
  )
}

/** Images match with their tag or without, and containers by the image that they were made from. */
function matchesImage(event: EngineEvent, values: readonly string[]): boolean {
  const names =
    event.type === 'image'
      ? [event.actorId, event.attributes['name'] ?? '']
      : [event.attributes['image'] ?? '']
  return names.some((name) => values.includes(name) || values.includes(withoutTag(name)))
}

function withoutTag(name: string): string {
  const colon = name.lastIndexOf(':')
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name
}
