import type { Completes } from '#cli/command.ts'
import { createFlagSet } from '#cli/flags/flag-set.ts'
import type { FlagSpec } from '#cli/flags/flag-set.ts'
import { declareGlobalFlags } from '#cli/global-flags.ts'
import { commandTable, managementCommands } from '#cli/table.ts'

export interface DescribedCommand {
  readonly name: string
  readonly summary: string
  readonly flags: readonly FlagSpec[]
  readonly completes: Completes | undefined
}

export interface Described {
  readonly commands: readonly DescribedCommand[]
  readonly groups: Readonly<Record<string, string>>
  readonly globalFlags: readonly FlagSpec[]
}

/** Everything that a completion script needs, read from the command table itself. */
export async function describeCommands(): Promise<Described> {
  const shown = commandTable.filter((entry) => entry.group !== 'hidden')
  const described = await Promise.all(
    shown.map(async (entry) => {
      const command = await entry.load()
      const flags = createFlagSet()
      command.declare(flags)
      const visible = flags.specs.filter((spec) => !spec.isHidden)
      return entry.names.map((name) => ({
        name,
        summary: entry.summary,
        flags: visible,
        completes: command.completes,
      }))
    }),
  )
  const globals = createFlagSet()
  declareGlobalFlags(globals)
  return { commands: described.flat(), groups: managementCommands, globalFlags: globals.specs }
}

/** The shell command that lists what `kind` completes to; files are the shell's own business. */
export function listingOf(kind: Exclude<Completes, 'files'>): string {
  switch (kind) {
    case 'containers':
      return "gantry ps -a --format '{{.Names}}'"
    case 'running':
      return "gantry ps --format '{{.Names}}'"
    case 'images':
      return "gantry images --format '{{.Repository}}:{{.Tag}}'"
    case 'volumes':
      return 'gantry volume ls -q'
    case 'networks':
      return "gantry network ls --format '{{.Name}}'"
  }
}

/** Words that can follow `prefix` (empty: the top level). */
export function nextWords({ commands, groups }: Described, prefix: string): Map<string, string> {
  const words = new Map<string, string>()
  const start = prefix === '' ? '' : `${prefix} `
  for (const { name, summary } of commands) {
    const rest = name.slice(start.length)
    if (name.startsWith(start) && !rest.includes(' ')) words.set(rest, summary)
  }
  if (prefix === '')
    for (const [group, summary] of Object.entries(groups)) words.set(group, summary)
  return words
}
