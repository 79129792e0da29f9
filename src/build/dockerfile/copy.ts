/** COPY and ADD. */
import { listArguments } from '#build/dockerfile/arguments.ts'
import { readFlags, type Flags } from '#build/dockerfile/flags.ts'
import { parseHeredocWord, type Heredoc } from '#build/dockerfile/heredoc.ts'
import { instructionError } from '#build/dockerfile/source.ts'
import type { InstructionText } from '#build/dockerfile/instruction-text.ts'
import type { AddInstruction, CopyInstruction } from '#build/dockerfile/types.ts'

const sharedFlags = {
  chown: 'string',
  chmod: 'string',
  link: 'boolean',
  exclude: 'strings',
} as const
const copyFlags = { ...sharedFlags, from: 'string', parents: 'boolean' } as const
const addFlags = {
  ...sharedFlags,
  checksum: 'string',
  'keep-git-dir': 'boolean',
  unpack: 'boolean',
} as const

/** @throws EngineError invalid_argument */
export function parseCopy(text: InstructionText): CopyInstruction {
  const flags = readFlags(text.flags, copyFlags)
  const from = flags.string('from')
  return {
    kind: 'copy',
    ...paths(text),
    ...shared(flags),
    hasParents: flags.boolean('parents') ?? false,
    ...(from !== undefined && { from }),
  }
}

/** @throws EngineError invalid_argument */
export function parseAdd(text: InstructionText): AddInstruction {
  const flags = readFlags(text.flags, addFlags)
  const checksum = flags.string('checksum')
  const keepGitDir = flags.boolean('keep-git-dir')
  const unpack = flags.boolean('unpack')
  return {
    kind: 'add',
    ...paths(text),
    ...shared(flags),
    ...(checksum !== undefined && { checksum }),
    ...(keepGitDir !== undefined && { keepGitDir }),
    ...(unpack !== undefined && { unpack }),
  }
}

function shared(flags: Flags) {
  const chown = flags.string('chown')
  const chmod = flags.string('chmod')
  return {
    isLink: flags.boolean('link') ?? false,
    excludes: flags.strings('exclude'),
    ...(chown !== undefined && { chown }),
    ...(chmod !== undefined && { chmod }),
  }
}

function paths(text: InstructionText) {
  const words = listArguments(text.rest, text.escape)
  const destination = words.at(-1)
  if (destination === undefined || words.length < 2) {
    const message = `${text.keyword.toUpperCase()} requires at least two arguments, but only one was provided. Destination could not be determined`
    throw instructionError(message)
  }
  if (parseHeredocWord(destination)) {
    const message = `${text.keyword.toUpperCase()} cannot accept a heredoc as a destination`
    throw instructionError(message, { word: destination })
  }
  return { sources: words.slice(0, -1), destination, heredocs: text.heredocs }
}

/** The heredoc that a source word stands for, if it is one. */
export function heredocOfSource(source: string, heredocs: readonly Heredoc[]): Heredoc | undefined {
  const opened = parseHeredocWord(source)
  return opened && heredocs.find((heredoc) => heredoc.name === opened.name)
}
