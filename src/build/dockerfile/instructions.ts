/** One parser per instruction, by keyword. */
import {
  atLeastOne,
  listArguments,
  parseCommand,
  parseJsonStrings,
  parseKeyValues,
  rawWords,
} from '#build/dockerfile/arguments.ts'
import { parseAdd, parseCopy } from '#build/dockerfile/copy.ts'
import { readFlags } from '#build/dockerfile/flags.ts'
import { parseHealthcheck } from '#build/dockerfile/healthcheck.ts'
import type { InstructionText } from '#build/dockerfile/instruction-text.ts'
import { instructionError } from '#build/dockerfile/source.ts'
import type {
  ArgInstruction,
  FromInstruction,
  Instruction,
  RunInstruction,
} from '#build/dockerfile/types.ts'

type Parser = (text: InstructionText) => Instruction

/** Every instruction but ONBUILD, which holds another one. */
export const parsers: Readonly<Record<string, Parser>> = {
  ADD: parseAdd,
  ARG: parseArg,
  CMD: (text) => ({ kind: 'cmd', command: parseCommand(text.rest) }),
  COPY: parseCopy,
  ENTRYPOINT: (text) => ({ kind: 'entrypoint', command: parseCommand(text.rest) }),
  ENV: (text) => ({ kind: 'env', ...parseKeyValues('ENV', text.rest, text.escape) }),
  EXPOSE: (text) => ({ kind: 'expose', ports: someWords('EXPOSE', text) }),
  FROM: parseFrom,
  HEALTHCHECK: parseHealthcheck,
  LABEL: (text) => ({ kind: 'label', ...parseKeyValues('LABEL', text.rest, text.escape) }),
  MAINTAINER: (text) => ({ kind: 'maintainer', name: wholeText('MAINTAINER', text) }),
  RUN: parseRun,
  SHELL: parseShell,
  STOPSIGNAL: (text) => ({ kind: 'stopsignal', signal: wholeText('STOPSIGNAL', text) }),
  USER: (text) => ({ kind: 'user', user: wholeText('USER', text) }),
  VOLUME: parseVolume,
  WORKDIR: (text) => ({ kind: 'workdir', path: wholeText('WORKDIR', text) }),
}

function parseFrom(text: InstructionText): FromInstruction {
  const platform = readFlags(text.flags, { platform: 'string' }).string('platform')
  const [image, as, name, ...more] = rawWords(text.rest, text.escape)
  const hasForm = as === undefined || (as.toLowerCase() === 'as' && name !== undefined)
  if (image === undefined || !hasForm || more.length > 0) {
    throw instructionError('FROM requires either one or three arguments')
  }
  if (name !== undefined && !/^[a-z][a-z0-9-_.]*$/.test(name.toLowerCase())) {
    const why = "name can't start with a number or contain symbols"
    throw instructionError(`invalid name for build stage: "${name}", ${why}`, { word: name })
  }
  return {
    kind: 'from',
    image,
    ...(platform !== undefined && { platform }),
    ...(name !== undefined && as !== undefined && { name, asKeyword: as }),
  }
}

function parseArg(text: InstructionText): ArgInstruction {
  const words = rawWords(text.rest, text.escape)
  if (words.length === 0) throw atLeastOne('ARG')
  const args = words.map((word) => {
    const equals = word.indexOf('=')
    if (equals === 0) throw instructionError('ARG names can not be blank', { word })
    return equals < 0
      ? { key: word }
      : { key: word.slice(0, equals), value: word.slice(equals + 1) }
  })
  return { kind: 'arg', args }
}

const runFlags = {
  mount: 'strings',
  network: 'string',
  security: 'string',
  device: 'strings',
} as const

function parseRun(text: InstructionText): RunInstruction {
  const flags = readFlags(text.flags, runFlags)
  const network = flags.string('network')
  checkNetwork(network)
  const security = flags.string('security')
  return {
    kind: 'run',
    command: parseCommand(text.rest),
    heredocs: text.heredocs,
    mounts: mountTexts(flags.strings('mount')),
    devices: flags.strings('device'),
    ...(network !== undefined && { network }),
    ...(security !== undefined && { security }),
  }
}

/** What cannot wait for the stage: the names of its sources are needed before its variables. */
function mountTexts(texts: readonly string[]): readonly string[] {
  for (const text of texts) {
    if (text === '') throw instructionError('failed to parse csv mounts: EOF', { word: '--mount' })
    const from = /(?:^|,)from=([^,]*)/i.exec(text)?.[1] ?? ''
    if (!from.includes('$')) continue
    const message = "'from' doesn't support variable expansion, define alias stage instead"
    throw instructionError(message, { word: from })
  }
  return texts
}

const networks: ReadonlySet<string> = new Set(['default', 'none', 'host'])

function checkNetwork(network: string | undefined): void {
  if (network === undefined || networks.has(network)) return
  throw instructionError(`invalid network mode "${network}"`, { word: network })
}

function parseShell(text: InstructionText): Instruction {
  const shell = parseJsonStrings(text.rest)
  if (!shell) {
    throw instructionError('SHELL requires the arguments to be in JSON form')
  }
  if (shell.length === 0) throw atLeastOne('SHELL')
  return { kind: 'shell', shell }
}

function parseVolume(text: InstructionText): Instruction {
  const volumes = listArguments(text.rest, text.escape)
  if (volumes.length === 0) throw atLeastOne('VOLUME')
  if (volumes.some((volume) => volume.trim() === '')) {
    throw instructionError('VOLUME specified can not be an empty string')
  }
  return { kind: 'volume', volumes }
}

function someWords(keyword: string, text: InstructionText): readonly string[] {
  const words = rawWords(text.rest, text.escape)
  if (words.length === 0) throw atLeastOne(keyword)
  return words
}

/** Instructions that take the rest of the line as one argument. */
function wholeText(keyword: string, text: InstructionText): string {
  if (text.rest === '') {
    throw instructionError(`${keyword} requires exactly one argument`)
  }
  return text.rest
}
