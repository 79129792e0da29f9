import type { Command } from '#cli/command.ts'
import { declareFilter } from '#cli/format-flags.ts'
import { formatEvent } from '#cli/format/event-line.ts'
import { unescapeFormat } from '#cli/format/list.ts'
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
      const write = await createWriter(format.value)
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

async function createWriter(format: string): Promise<(event: EventMessage) => string> {
  if (format === '') return formatEvent
  if (format === 'json') return (event) => formatJson(event)
  const { compileTemplate } = await import('#cli/template/template.ts')
  const template = compileTemplate(unescapeFormat(format))
  // Templates know the fields by their Go names; events of older engines repeat some in lower case.
  return (event) => template(withGoNames(event))
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
