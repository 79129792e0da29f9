import type { Command } from '#cli/command.ts'
import { declareFilter } from '#cli/format-flags.ts'
import { formatEvent } from '#cli/format/event-line.ts'
import type { Output } from '#cli/output.ts'
import { exitCodes } from '#cli/failures.ts'
import { parseTimestamp } from '#cli/format/timestamps.ts'
import { formatJson } from '#client/json.ts'
import type { EventMessage } from '#wire/events.ts'

export const command: Command = {
  usage: '[OPTIONS]',
  args: { min: 0, max: 0 },
  declare(flags) {
    const filter = declareFilter(flags)
    const format = flags.text(
      'format',
      "Format output using a custom template:\n'json':             Print in JSON format\n'TEMPLATE':         Print output using the given Go template.",
    )
    const since = flags.text('since', 'Show all events created since timestamp')
    const until = flags.text('until', 'Stream events until this timestamp')
    return async (_args, { client, output }) => {
      const now = Date.now()
      const write = await createWriter(format.value, output)
      if (!write) return exitCodes.template
      const events = await client.system.events({
        since: parseTimestamp(since.value, now),
        until: parseTimestamp(until.value, now),
        filters: filter.value,
      })
      for await (const event of events) output.write(`${write(event)}\n`)
      return 0
    }
  },
}

type WriteEvent = (event: EventMessage) => string

/** Undefined: the format cannot be read. */
async function createWriter(format: string, output: Output): Promise<WriteEvent | undefined> {
  if (format === '') return formatEvent
  if (format === 'json') return (event) => formatJson(withSortedAttributes(event))
  const { objectTemplate } = await import('#cli/format/object-template.ts')
  const template = objectTemplate(format, output, {
    parseFailure: 'Error parsing format: ',
    runFailure: '',
  })
  // Templates know the fields by their Go names; events of older engines repeat some in lower case.
  return template && ((event) => template(withGoNames(withSortedAttributes(event))))
}

/** As Go writes maps. */
function withSortedAttributes(event: EventMessage): EventMessage {
  const pairs = Object.entries(event.Actor.Attributes)
  const attributes = Object.fromEntries(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return { ...event, Actor: { ...event.Actor, Attributes: attributes } }
}

/** Not enumerable, so that `{{json .}}` stays the event as the engine told it. */
function withGoNames(event: EventMessage): object {
  const names = {
    ID: event.Actor.ID,
    Scope: event.scope,
    Time: event.time,
    TimeNano: event.timeNano,
    Status: event.status ?? event.Action,
    From: event.from ?? event.Actor.Attributes['image'] ?? '',
  }
  const hidden = Object.entries(names).map(([name, value]) => [name, { value }] as const)
  return Object.defineProperties({ ...event }, Object.fromEntries(hidden))
}
