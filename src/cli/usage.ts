import type { Command } from '#cli/command.ts'
import { createFlagSet } from '#cli/flags/flag-set.ts'
import type { FlagSet } from '#cli/flags/flag-set.ts'
import { declareGlobalFlags } from '#cli/global-flags.ts'
import { formatFlags, formatNames } from '#cli/help.ts'
import { commandTable, managementCommands } from '#cli/table.ts'
import type { CommandEntry } from '#cli/table.ts'

const defaultColumns = 80

/** The usage line, and where to read more. */
export function usageOf(name: string, usage: string): string {
  const full = name === '' ? 'gantry' : `gantry ${name}`
  return `Usage:  ${full} ${usage}\n\nRun '${full} --help' for more information\n`
}

export function unknownCommand(words: readonly string[]): string {
  const parent = words.slice(0, -1).join(' ')
  const full = parent === '' ? 'gantry' : `gantry ${parent}`
  const usage = parent === '' ? '' : `Usage:  ${full}\n\n`
  return `gantry: unknown command: gantry ${words.join(' ')}\n\n${usage}Run '${full} --help' for more information\n`
}

/** `gantry --help`. */
export function topHelp(columns = defaultColumns): string {
  const single = commandTable.flatMap((entry) => {
    const name = entry.names.find((candidate) => !candidate.includes(' '))
    return name === undefined || entry.group === 'hidden' ? [] : [{ name, entry }]
  })
  const rows = (isCommon: boolean) =>
    single
      .filter(({ entry }) => (entry.group === 'common') === isCommon)
      .map(({ name, entry }) => [name, entry.summary] as const)
  const flags = createFlagSet()
  declareGlobalFlags(flags)
  const sections = [
    'Usage:  gantry [OPTIONS] COMMAND\n\nA container platform that speaks the Docker Engine API',
    `Common Commands:\n${formatNames(rows(true))}`,
    `Management Commands:\n${formatNames(Object.entries(managementCommands))}`,
    `Commands:\n${formatNames(rows(false).toSorted(([a], [b]) => (a < b ? -1 : 1)))}`,
    `Global Options:\n${formatFlags(flags.specs, columns - 1)}`,
    "Run 'gantry COMMAND --help' for more information on a command.",
  ]
  return `${sections.join('\n\n')}\n`
}

/** `gantry container --help`. */
export function groupHelp(group: string): string {
  const rows = commandTable.flatMap((entry) => {
    const name = entry.names.find((candidate) => candidate.startsWith(`${group} `))
    if (name === undefined || entry.group === 'hidden') return []
    return [[name.slice(group.length + 1), entry.summary] as const]
  })
  const sections = [
    `Usage:  gantry ${group} COMMAND\n\n${managementCommands[group]}`,
    `Commands:\n${formatNames(rows.toSorted(([a], [b]) => (a < b ? -1 : 1)))}`,
    `Run 'gantry ${group} COMMAND --help' for more information on a command.`,
  ]
  return `${sections.join('\n\n')}\n`
}

/** `gantry run --help`. */
export function commandHelp(options: {
  readonly entry: CommandEntry
  readonly name: string
  readonly command: Command
  readonly flags: FlagSet
  readonly columns: number | undefined
}): string {
  const { entry, name, command, flags, columns = defaultColumns } = options
  const sections = [`Usage:  gantry ${name} ${command.usage}`.trimEnd(), entry.summary]
  if (entry.names.length > 1) {
    const names = entry.names.toSorted((a, b) => b.split(' ').length - a.split(' ').length)
    sections.push(`Aliases:\n  ${names.map((alias) => `gantry ${alias}`).join(', ')}`)
  }
  if (flags.specs.some((spec) => !spec.isHidden)) {
    sections.push(`Options:\n${formatFlags(flags.specs, columns - 1)}`)
  }
  return `${sections.join('\n\n')}\n`
}
