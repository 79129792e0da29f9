/** One parser per instruction, by keyword. */
import { EngineError } from '#base/errors.ts'
import {
  atLeastOne,
  exactlyOne,
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
  STOPSIGNAL: (text) => ({
    kind: 'stopsignal',
    signal: exactlyOne('STOPSIGNAL', rawWords(text.rest, text.escape)),
  }),
  USER: (text) => ({ kind: 'user', user: wholeText('USER', text) }),
  VOLUME: parseVolume,
  WORKDIR: (text) => ({ kind: 'workdir', path: wholeText('WORKDIR', text) }),
}

function parseFrom(text: InstructionText): FromInstruction {
  const platform = readFlags(text.flags, { platform: 'string' }).string('platform')
  const [image, as, name, ...more] = rawWords(text.rest, text.escape)
  const hasForm = as === undefined || (as.toLowerCase() === 'as' && name !== undefined)
  if (image === undefined || !hasForm || more.length > 0) {
    throw new EngineError('invalid_argument', 'FROM requires either one or three arguments')
  }
  if (name !== undefined && !/^[a-z][a-z0-9-_.]*$/.test(name.toLowerCase())) {
    throw new EngineError(
      'invalid_argument',
      `invalid name for build stage: "${name}", name can't start with a number or contain symbols`,
    )
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
    if (equals === 0) throw new EngineError('invalid_argument', 'ARG names can not be blank')
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
  if (text.rest === '') throw atLeastOne('RUN')
  const network = flags.string('network')
  const security = flags.string('security')
  return {
    kind: 'run',
    command: parseCommand(text.rest),
    heredocs: text.heredocs,
    mounts: flags.strings('mount'),
    devices: flags.strings('device'),
    ...(network !== undefined && { network }),
    ...(security !== undefined && { security }),
  }
}

function parseShell(text: InstructionText): Instruction {
  const shell = parseJsonStrings(text.rest)
  if (!shell) {
    throw new EngineError('invalid_argument', 'SHELL requires the arguments to be in JSON form')
  }
  if (shell.length === 0) throw atLeastOne('SHELL')
  return { kind: 'shell', shell }
}

function parseVolume(text: InstructionText): Instruction {
  const volumes = listArguments(text.rest, text.escape)
  if (volumes.length === 0) throw atLeastOne('VOLUME')
  if (volumes.some((volume) => volume.trim() === '')) {
    throw new EngineError('invalid_argument', 'VOLUME specified can not be an empty string')
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
    throw new EngineError('invalid_argument', `${keyword} requires exactly one argument`)
  }
  return text.rest
}
