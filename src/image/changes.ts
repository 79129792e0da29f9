/** `--change`: Dockerfile instructions that edit the config of an imported image. */
import { posix } from 'node:path'
import { EngineError } from '#base/errors.ts'
import { decodeList, decodeText } from '#oci/decode.ts'
import type { ImageRunConfig } from '#oci/descriptor.ts'

type Change = (config: ImageRunConfig, argument: string) => ImageRunConfig

const instructions: Readonly<Record<string, Change>> = {
  CMD: (config, argument) => ({ ...config, Cmd: parseCommand(argument) }),
  ENTRYPOINT: (config, argument) => ({ ...config, Entrypoint: parseCommand(argument) }),
  ENV: (config, argument) => ({ ...config, Env: mergeEnv(config.Env ?? [], parsePairs(argument)) }),
  LABEL: (config, argument) => ({
    ...config,
    Labels: { ...config.Labels, ...Object.fromEntries(parsePairs(argument)) },
  }),
  EXPOSE: (config, argument) => ({
    ...config,
    ExposedPorts: { ...config.ExposedPorts, ...keySet(splitWords(argument).map(parsePort)) },
  }),
  VOLUME: (config, argument) => ({
    ...config,
    Volumes: { ...config.Volumes, ...keySet(parseList(argument) ?? splitWords(argument)) },
  }),
  USER: (config, argument) => ({ ...config, User: argument }),
  WORKDIR: (config, argument) => ({
    ...config,
    WorkingDir: posix.resolve('/', config.WorkingDir ?? '/', argument),
  }),
  STOPSIGNAL: (config, argument) => ({ ...config, StopSignal: argument }),
  ONBUILD: (config, argument) => ({ ...config, OnBuild: [...(config.OnBuild ?? []), argument] }),
}

/** @throws EngineError invalid_argument naming the instruction that cannot be read */
export function applyChanges(config: ImageRunConfig, changes: readonly string[]): ImageRunConfig {
  return changes.flatMap((change) => change.split('\n')).reduce(applyChange, config)
}

function applyChange(config: ImageRunConfig, line: string): ImageRunConfig {
  const [, word = '', argument = ''] = /^\s*(\S+)\s*(.*?)\s*$/s.exec(line) ?? []
  if (word === '') return config
  const name = word.toUpperCase()
  const change = Object.hasOwn(instructions, name) ? instructions[name] : undefined
  if (!change) throw new EngineError('invalid_argument', `${name} is not a valid change command`)
  if (argument === '') {
    throw new EngineError('invalid_argument', `${name} requires at least one argument`)
  }
  return change(config, argument)
}

/** The JSON form is executed as it is, the other one by a shell. */
function parseCommand(argument: string): string[] {
  return parseList(argument) ?? ['/bin/sh', '-c', argument]
}

/** A JSON list of strings; undefined for text that is none. */
function parseList(argument: string): string[] | undefined {
  if (!argument.startsWith('[')) return undefined
  try {
    return decodeList(decodeText)(JSON.parse(argument), 'change')
  } catch {
    return undefined
  }
}

/** `a=b c="d e"`, or the old form `a b c` with one name. */
function parsePairs(argument: string): [string, string][] {
  const [first = '', ...others] = splitWords(argument)
  if (!first.includes('=')) {
    const value = argument.slice(first.length).trim()
    if (value === '') {
      throw new EngineError(
        'invalid_argument',
        `Syntax error - can't find = in "${first}". Must be of the form: name=value`,
      )
    }
    return [[first, value]]
  }
  return [first, ...others].map((word) => {
    const at = word.indexOf('=')
    if (at < 1) {
      throw new EngineError(
        'invalid_argument',
        `Syntax error - can't find = in "${word}". Must be of the form: name=value`,
      )
    }
    return [word.slice(0, at), word.slice(at + 1)]
  })
}

/** Words by white space; quotes and backslashes keep it. */
function splitWords(text: string): string[] {
  const words = text.match(/(?:\\.|"(?:\\.|[^"\\])*"|'[^']*'|[^\s\\"'])+/gs) ?? []
  return words.map((word) =>
    word.replaceAll(
      /\\(.)|"((?:\\.|[^"\\])*)"|'([^']*)'/gs,
      (_, ...[escaped, double, single]: (string | undefined)[]) =>
        escaped ?? double?.replaceAll(/\\(["\\$])/g, '$1') ?? single ?? '',
    ),
  )
}

function mergeEnv(env: readonly string[], pairs: readonly [string, string][]): string[] {
  const merged = new Map(env.map((entry) => [entry.split('=', 1)[0] ?? entry, entry]))
  for (const [name, value] of pairs) merged.set(name, `${name}=${value}`)
  return [...merged.values()]
}

function parsePort(word: string): string {
  const [, port, last, protocol = 'tcp'] =
    /^(\d{1,5})(-\d{1,5})?(?:\/(tcp|udp|sctp))?$/i.exec(word) ?? []
  if (port === undefined || Number(port) > 65_535) {
    throw new EngineError('invalid_argument', `invalid containerPort: ${word}`)
  }
  return `${port}${last ?? ''}/${protocol.toLowerCase()}`
}

function keySet(keys: readonly string[]): Record<string, object> {
  return Object.fromEntries(keys.map((key) => [key, {}]))
}
