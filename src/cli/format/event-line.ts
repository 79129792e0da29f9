import { formatInstantFixed, instantFromNanos } from '#base/clock.ts'
import type { EventMessage } from '#wire/events.ts'

/** `2026-01-02T15:04:05.000000000Z container start 0123… (image=busybox, name=web)` */
export function formatEvent(event: EventMessage): string {
  const nanos = event.timeNano === 0 ? BigInt(event.time) * 1_000_000_000n : BigInt(event.timeNano)
  const attributes = Object.entries(event.Actor.Attributes)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map((pair) => pair.join('='))
    .join(', ')
  const time = toLocal(nanos)
  const tail = attributes === '' ? '' : ` (${attributes})`
  return `${time} ${event.Type} ${event.Action} ${event.Actor.ID}${tail}`
}

/** Go's RFC 3339 with nine digits in the local zone. */
function toLocal(nanos: bigint): string {
  const offsetMinutes = -new Date(Number(nanos / 1_000_000n)).getTimezoneOffset()
  const shifted = formatInstantFixed(
    instantFromNanos(nanos + BigInt(offsetMinutes) * 60_000_000_000n),
  )
  if (offsetMinutes === 0) return shifted
  const sign = offsetMinutes < 0 ? '-' : '+'
  const minutes = Math.abs(offsetMinutes)
  const hours = String(Math.trunc(minutes / 60)).padStart(2, '0')
  return `${shifted.slice(0, -1)}${sign}${hours}:${String(minutes % 60).padStart(2, '0')}`
}
