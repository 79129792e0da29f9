import { splitFlags } from '#build/dockerfile/flags.ts'
import type { Heredoc } from '#build/dockerfile/heredoc.ts'

/** A logical line taken apart: what every instruction's parser starts from. */
export interface InstructionText {
  /** As written. */
  readonly keyword: string
  readonly flags: readonly string[]
  readonly rest: string
  readonly escape: string
  readonly heredocs: readonly Heredoc[]
}

/** Instructions whose arguments begin with flags; elsewhere `--x` is an argument. */
const flagged = new Set(['ADD', 'COPY', 'FROM', 'HEALTHCHECK', 'RUN'])

export function splitInstruction(
  text: string,
  context: { readonly escape: string; readonly heredocs: readonly Heredoc[] },
): InstructionText {
  const match = /^(\S+)\s*(.*)$/s.exec(text)
  const keyword = match?.[1] ?? ''
  const all = match?.[2] ?? ''
  const { flags, rest } = flagged.has(keyword.toUpperCase())
    ? splitFlags(all)
    : { flags: [], rest: all }
  return { keyword, flags, rest, ...context }
}
