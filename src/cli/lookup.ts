import { commandTable, managementCommands } from '#cli/table.ts'
import type { CommandEntry } from '#cli/table.ts'

/** The command that the first words name, and how it was called. */
export function findEntry(
  words: readonly string[],
): { readonly entry: CommandEntry; readonly name: string } | undefined {
  const [first, second] = words
  if (first === undefined) return undefined
  const name =
    Object.hasOwn(managementCommands, first) && second !== undefined ? `${first} ${second}` : first
  const entry = commandTable.find((candidate) => candidate.names.includes(name))
  return entry && { entry, name }
}
