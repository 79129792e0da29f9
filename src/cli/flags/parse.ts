import type { FlagSet, FlagSpec } from '#cli/flags/flag-set.ts'

export type ParseOutcome =
  | { readonly type: 'parsed'; readonly args: readonly string[] }
  | { readonly type: 'help' }
  /** `message` in pflag's words. */
  | { readonly type: 'wrong'; readonly message: string }

export interface ParseOptions {
  /** False: flags end at the first argument (`run IMAGE …`, `exec CONTAINER …`). */
  readonly isInterspersed: boolean
}

/**
 * Fills the flags of `flags` from `args` and returns what is left. Rules of Go's
 * pflag: `--name value`, `--name=value`, `--bool[=value]`, `-abc`, `-p80`, `-p=80`,
 * `--` ends the flags.
 */
export function parseFlags(
  flags: FlagSet,
  args: readonly string[],
  options: ParseOptions,
): ParseOutcome {
  const rest: string[] = []
  try {
    for (let index = 0; index < args.length;) {
      const arg = args[index] ?? ''
      index++
      if (arg === '--') return { type: 'parsed', args: [...rest, ...args.slice(index)] }
      if (!arg.startsWith('-') || arg === '-') {
        if (!options.isInterspersed) return { type: 'parsed', args: args.slice(index - 1) }
        rest.push(arg)
      } else if (arg.startsWith('--')) {
        if (arg === '--help') return { type: 'help' }
        if (takeLong(flags, arg, args[index])) index++
      } else if (takeShorts(flags, arg, args[index])) index++
    }
  } catch (error) {
    return { type: 'wrong', message: error instanceof Error ? error.message : String(error) }
  }
  return { type: 'parsed', args: rest }
}

/** True when `next` was the flag's value. */
function takeLong(flags: FlagSet, arg: string, next: string | undefined): boolean {
  const equals = arg.indexOf('=')
  const name = arg.slice(2, equals === -1 ? undefined : equals)
  if (name === '' || name.startsWith('-')) throw new Error(`bad flag syntax: ${arg}`)
  const spec = flags.specs.find((candidate) => candidate.name === name)
  if (!spec) throw new Error(`unknown flag: --${name}`)
  if (equals !== -1) accept(spec, arg.slice(equals + 1))
  else if (spec.impliedValue !== undefined) accept(spec, spec.impliedValue)
  else if (next === undefined) throw new Error(`flag needs an argument: --${name}`)
  else {
    accept(spec, next)
    return true
  }
  return false
}

function takeShorts(flags: FlagSet, arg: string, next: string | undefined): boolean {
  for (let letters = arg.slice(1); letters !== '';) {
    const letter = letters.slice(0, 1)
    const tail = letters.slice(1)
    const spec = flags.specs.find((candidate) => candidate.short === letter)
    if (!spec) throw new Error(`unknown shorthand flag: '${letter}' in -${letters}`)
    if (tail.startsWith('=')) accept(spec, tail.slice(1))
    else if (spec.impliedValue !== undefined) {
      accept(spec, spec.impliedValue)
      letters = tail
      continue
    } else if (tail !== '') accept(spec, tail)
    else if (next === undefined) {
      throw new Error(`flag needs an argument: '${letter}' in -${letters}`)
    } else {
      accept(spec, next)
      return true
    }
    return false
  }
  return false
}

function accept(spec: FlagSpec, text: string): void {
  try {
    spec.accept(text)
  } catch (error) {
    const names = spec.short === undefined ? `--${spec.name}` : `-${spec.short}, --${spec.name}`
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`invalid argument "${text}" for "${names}" flag: ${reason}`, { cause: error })
  }
}
