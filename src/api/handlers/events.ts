import { EngineError } from '#base/errors.ts'
import type { Answer } from '#api/answer.ts'
import { type Call, isSince, queryText } from '#api/call.ts'
import { eventFilterKeys, matchesEvent } from '#api/filters/events.ts'
import { contentTypes } from '#api/headers.ts'
import { formatEvent } from '#api/mapping/event.ts'
import { parseTimeLimit } from '#api/times.ts'
import { type Filters, parseFilters } from '#wire/filters.ts'

/** RFC 7464: each text after a record separator. */
const recordSeparator = '\u001e'
const jsonSequence = 'application/json-seq'
const streamTypes = new Set<string>([contentTypes.jsonLines, 'application/x-ndjson', jsonSequence])

/** `GET /events`: the kept past from `since`, then what comes until `until`. */
export function getEvents(call: Call): Answer {
  const filters = parseFilters(call.query.get('filters'), eventFilterKeys)
  const since = parseTimeLimit(queryText(call, 'since'))
  const until = parseTimeLimit(queryText(call, 'until'))
  if (since !== undefined && until !== undefined && since > until) {
    throw new EngineError(
      'invalid_argument',
      `\`since\` time (${call.query.get('since') ?? ''}) cannot be after ` +
        `\`until\` time (${call.query.get('until') ?? ''})`,
    )
  }
  const contentType = eventsContentType(call)
  const range = {
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  }
  // Subscribed before the headers leave: an event after them is not missed.
  const events = call.engine.events.subscribe(range, call.signal)
  return {
    type: 'stream',
    contentType,
    flush: 'now',
    chunks: eventLines(call, events, { filters, contentType }),
  }
}

async function* eventLines(
  call: Call,
  events: ReturnType<Call['engine']['events']['subscribe']>,
  { filters, contentType }: { filters: Filters; contentType: string },
): AsyncGenerator<string> {
  const prefix = contentType === jsonSequence ? recordSeparator : ''
  for await (const event of events) {
    if (matchesEvent(event, filters)) yield `${prefix}${formatEvent(event, call.version)}\n`
  }
}

function eventsContentType(call: Call): string {
  if (!isSince(call, '1.52')) return contentTypes.json
  const accepted = (call.request.headers.accept ?? '')
    .split(',')
    .map((part) => part.split(';')[0]?.trim().toLowerCase() ?? '')
  return accepted.find((type) => streamTypes.has(type)) ?? contentTypes.jsonLines
}
