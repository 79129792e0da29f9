import { parseFilterFlag } from '#cli/format/list.ts'
import type { Flag, FlagSet } from '#cli/flags/flag-set.ts'

const help = `Format output using a custom template:
'table':            Print output in table format with column headers (default)
'table TEMPLATE':   Print output in table format using the given Go template
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.`

/** `--format` of lists. */
export function declareListFormat(flags: FlagSet): Flag<string> {
  return flags.text('format', help)
}

/** `--format` of single objects. */
export function declareFormat(flags: FlagSet): Flag<string> {
  const text = `Format output using a custom template:
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.`
  return flags.text('format', text, { short: 'f' })
}

/** `--filter key=value`, repeatable. */
export function declareFilter(
  flags: FlagSet,
  text = 'Filter output based on conditions provided',
  short = 'f',
): Flag<Readonly<Record<string, readonly string[]>>> {
  return flags.add('filter', text, {
    ...(short === '' ? {} : { short }),
    type: 'filter',
    initial: {},
    parse: parseFilterFlag,
  })
}
