import { commandTable, managementCommands } from '#cli/table.ts'
import type { CommandEntry } from '#cli/table.ts'

/** The command that the first words name, and how it was called. */
export function findEntry(
  words: readonly string[],
): { readonly entry: CommandEntry; readonly name: string } | undefined {
  const [first] = words
  if (first === undefined) return undefined
  // Below a management command the name has two words or three: `builder history ls`.
  const lengths = Object.hasOwn(managementCommands, first) && words.length > 1 ? [3, 2] : [1]
  for (const length of lengths) {
    const name = words.slice(0, length).join(' ')
    const entry = commandTable.find((candidate) => candidate.names.includes(name))
    if (entry) return { entry, name }
  }
  return undefined
}
