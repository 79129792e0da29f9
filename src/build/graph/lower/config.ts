/** Instructions that change only the image config. */
import { EngineError } from '#base/errors.ts'
import { expandIn, expandWordsIn, type LowerContext } from '#build/graph/lower/context.ts'
import { parseExposedPorts } from '#build/graph/lower/expose.ts'
import { plainList, quotedList, recordEmpty } from '#build/graph/lower/history.ts'
import { envList } from '#build/graph/stage-state.ts'
import type {
  ArgInstruction,
  Command,
  EnvInstruction,
  ExposeInstruction,
  HealthcheckInstruction,
  KeyValue,
  LabelInstruction,
  VolumeInstruction,
} from '#build/dockerfile/types.ts'
import type { HealthcheckConfig, ImageRunConfig } from '#oci/descriptor.ts'

export function change(context: LowerContext, values: Partial<ImageRunConfig>): void {
  context.state.config = { ...context.state.config, ...values }
}

/** Every value of one ENV sees the environment before it. */
export function lowerEnv(context: LowerContext, instruction: EnvInstruction): void {
  const pairs = expandPairs(context, instruction.pairs)
  for (const { key, value } of pairs) {
    context.state.env.set(key, value)
    context.state.values.set(key, value)
  }
  change(context, { Env: envList(context.state.env) })
  recordEmpty(context, `ENV ${pairTexts(pairs)}`)
}

export function lowerLabel(context: LowerContext, instruction: LabelInstruction): void {
  const pairs = expandPairs(context, instruction.pairs)
  const added = Object.fromEntries(pairs.map(({ key, value }) => [key, value]))
  change(context, { Labels: { ...context.state.config.Labels, ...added } })
  recordEmpty(context, `LABEL ${pairTexts(pairs)}`)
}

/** A build argument given by the user wins over the default; an earlier ENV of that name gives way. */
export function lowerArg(context: LowerContext, instruction: ArgInstruction): void {
  const { state, options, globals } = context
  const texts = instruction.args.map(({ key, value }) => {
    const fallback = value === undefined ? globals.get(key) : expandIn(context, value)
    const chosen = options.buildArgs.get(key) ?? fallback
    state.args.add(key)
    if (chosen !== undefined) state.values.set(key, chosen)
    return chosen === undefined ? key : `${key}=${chosen}`
  })
  recordEmpty(context, `ARG ${texts.join(' ')}`)
}

export function lowerCmd(context: LowerContext, command: Command): void {
  const args = withShell(context, command)
  change(context, { Cmd: args, ArgsEscaped: true })
  recordEmpty(context, `CMD ${quotedList(args)}`)
}

/** A new ENTRYPOINT drops the CMD of the base image, not one of the same stage. */
export function lowerEntrypoint(context: LowerContext, command: Command, hasOwnCmd: boolean): void {
  const args = withShell(context, command)
  change(context, hasOwnCmd ? { Entrypoint: args } : { Entrypoint: args, Cmd: null })
  recordEmpty(context, `ENTRYPOINT ${quotedList(args)}`)
}

export function withShell(context: LowerContext, command: Command): readonly string[] {
  return command.form === 'exec' ? command.args : [...context.state.shell, command.text]
}

export function lowerExpose(context: LowerContext, instruction: ExposeInstruction): void {
  const ports = parseExposedPorts(expandWordsIn(context, instruction.ports))
  const added = Object.fromEntries(ports.map((port) => [port, {}]))
  change(context, { ExposedPorts: { ...context.state.config.ExposedPorts, ...added } })
  recordEmpty(context, `EXPOSE ${plainList(ports)}`)
}

export function lowerVolume(context: LowerContext, instruction: VolumeInstruction): void {
  const volumes = instruction.volumes.map((volume) => expandIn(context, volume))
  if (volumes.some((volume) => volume === '')) {
    throw new EngineError('invalid_argument', 'VOLUME specified can not be an empty string')
  }
  const added = Object.fromEntries(volumes.map((volume) => [volume, {}]))
  change(context, { Volumes: { ...context.state.config.Volumes, ...added } })
  recordEmpty(context, `VOLUME ${plainList(volumes)}`)
}

export function lowerHealthcheck(context: LowerContext, instruction: HealthcheckInstruction): void {
  const check = healthcheckConfig(instruction)
  change(context, { Healthcheck: check })
  const durations = [check.Interval, check.Timeout, check.StartPeriod, check.StartInterval]
  const texts = durations.map((nanoseconds) => `"${goDuration(nanoseconds ?? 0)}"`).join(' ')
  const retries = String.fromCodePoint(check.Retries ?? 0)
  const rune = retries === '\0' ? String.raw`'\x00'` : `'${escapeRune(retries)}'`
  recordEmpty(context, `HEALTHCHECK &{${quotedList(check.Test ?? [])} ${texts} ${rune}}`)
}

function healthcheckConfig(instruction: HealthcheckInstruction): HealthcheckConfig {
  if (instruction.test === 'none') return { Test: ['NONE'] }
  const { test, interval, timeout, startPeriod, startInterval, retries } = instruction
  return {
    Test: test.form === 'exec' ? ['CMD', ...test.args] : ['CMD-SHELL', test.text],
    ...(interval > 0 && { Interval: interval }),
    ...(timeout > 0 && { Timeout: timeout }),
    ...(startPeriod > 0 && { StartPeriod: startPeriod }),
    ...(startInterval > 0 && { StartInterval: startInterval }),
    ...(retries > 0 && { Retries: retries }),
  }
}

/** Go prints the retry count as a rune, since `%q` meets an integer. */
function escapeRune(character: string): string {
  const code = character.codePointAt(0) ?? 0
  const named: Readonly<Record<number, string>> = {
    7: 'a',
    8: 'b',
    9: 't',
    10: 'n',
    11: 'v',
    12: 'f',
    13: 'r',
  }
  const name = named[code]
  if (name !== undefined) return `\\${name}`
  return code < 32 ? `\\x${code.toString(16).padStart(2, '0')}` : character
}

/** Go's Duration.String for whole milliseconds: `0s`, `1m30s`, `1.5s`. */
export function goDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s'
  if (nanoseconds < 1e9) return `${nanoseconds / 1e6}ms`
  const hours = Math.floor(nanoseconds / 3600e9)
  const minutes = Math.floor((nanoseconds % 3600e9) / 60e9)
  const seconds = `${(nanoseconds % 60e9) / 1e9}s`
  if (hours > 0) return `${hours}h${minutes}m${seconds}`
  return minutes > 0 ? `${minutes}m${seconds}` : seconds
}

function expandPairs(context: LowerContext, pairs: readonly KeyValue[]): KeyValue[] {
  return pairs.map(({ key, value }) => ({
    key: expandIn(context, key),
    value: expandIn(context, value),
  }))
}

function pairTexts(pairs: readonly KeyValue[]): string {
  return pairs.map(({ key, value }) => `${key}=${value}`).join(' ')
}
