import { secondsOf } from '#base/clock.ts'
import type { EngineEvent } from '#engine/types.ts'
import { isApiVersionAtLeast } from '#wire/versions.ts'

/**
 * One event as JSON text. Nanoseconds are past what a JavaScript number holds
 * exactly, so that the digits are written as they are.
 */
export function formatEvent(event: EngineEvent, version: string): string {
  const message = {
    ...(isApiVersionAtLeast(version, '1.52') ? {} : legacyFields(event)),
    Type: event.type,
    Action: event.action,
    Actor: { ID: event.actorId, Attributes: event.attributes },
    scope: 'local',
    time: secondsOf(event.time),
  }
  return `${JSON.stringify(message).slice(0, -1)},"timeNano":${event.time.toString()}}`
}

function legacyFields(event: EngineEvent) {
  if (event.type !== 'container' && event.type !== 'image') return {}
  const from = event.attributes['image']
  return {
    status: event.action,
    ...(event.actorId === '' ? {} : { id: event.actorId }),
    ...(event.type === 'container' && from !== undefined ? { from } : {}),
  }
}
