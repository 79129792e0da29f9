import { findEngineError } from '#base/errors.ts'
import type { Command, CommandContext } from '#cli/command.ts'
import { readSettings } from '#cli/config/settings.ts'
import type { Variables } from '#cli/config/settings.ts'
import { errorText, exitCodes, helpHint } from '#cli/failures.ts'
import { createFlagSet } from '#cli/flags/flag-set.ts'
import { parseFlags } from '#cli/flags/parse.ts'
import { checkLogLevel, declareGlobalFlags } from '#cli/global-flags.ts'
import type { GlobalFlags } from '#cli/global-flags.ts'
import type { Output } from '#cli/output.ts'
import { managementCommands } from '#cli/table.ts'
import type { CommandEntry } from '#cli/table.ts'
import { lazyClient } from '#cli/open-client.ts'
import { findEntry } from '#cli/lookup.ts'

/** Runs one command line; resolves with the process's exit code. */
export async function runCommandLine(
  argv: readonly string[],
  variables: Variables,
  output: Output,
): Promise<number> {
  try {
    const flags = createFlagSet()
    const globals = declareGlobalFlags(flags)
    const outcome = parseFlags(flags, argv, { isInterspersed: false })
    if (outcome.type === 'wrong') {
      const { usageOf } = await import('#cli/usage.ts')
      output.writeError(`${outcome.message}\n\n${usageOf('', '[OPTIONS] COMMAND [ARG...]')}`)
      return exitCodes.usage
    }
    if (outcome.type === 'parsed') checkLogLevel(globals.logLevel.value)
    if (outcome.type === 'parsed' && globals.version.value) {
      const { versionLine } = await import('#cli/product.ts')
      output.write(`${versionLine}\n`)
      return 0
    }
    const args = outcome.type === 'parsed' ? outcome.args : []
    return await runNamed(args, { globals, variables, output })
  } catch (error) {
    output.writeError(`${errorText(error)}\n`)
    return exitCodes.failure
  }
}

interface Invocation {
  readonly globals: GlobalFlags
  readonly variables: Variables
  readonly output: Output
}

async function runNamed(args: readonly string[], invocation: Invocation): Promise<number> {
  const { output } = invocation
  const found = findEntry(args)
  if (found) return runEntry(found, args, invocation)
  const { topHelp, groupHelp, unknownCommand } = await import('#cli/usage.ts')
  const [first = '', second] = args[0] === 'help' ? args.slice(1) : args
  const isGroup = Object.hasOwn(managementCommands, first)
  if (args[0] === 'help' && first !== '') {
    const target = findEntry(args.slice(1))
    if (target) return runEntry(target, [...args.slice(1), '--help'], invocation)
    if (!isGroup) {
      output.writeError(`unknown help topic: ${args.slice(1).join(' ')}\n`)
      return exitCodes.failure
    }
  }
  if (first === '') output.write(topHelp())
  else if (isGroup && second === '--help') output.write(groupHelp(first))
  // Nothing was asked for: the list is advice, not output.
  else if (isGroup && second === undefined) output.writeError(groupHelp(first))
  else {
    output.writeError(unknownCommand(isGroup && second !== undefined ? [first, second] : [first]))
    return exitCodes.failure
  }
  return 0
}

interface Found {
  readonly entry: CommandEntry
  /** As typed: `container ls`. */
  readonly name: string
}

async function runEntry(
  { entry, name }: Found,
  args: readonly string[],
  invocation: Invocation,
): Promise<number> {
  const { output } = invocation
  const command = await entry.load()
  const flags = createFlagSet()
  const action = command.declare(flags)
  const outcome = parseFlags(flags, args.slice(name.split(' ').length), {
    isInterspersed: command.isInterspersed ?? true,
  })
  if (outcome.type === 'parsed') {
    const complaint = checkArgs(command, name, outcome.args)
    if (complaint === undefined) {
      return runAction(() => action(outcome.args, openContext(invocation)), {
        command,
        name,
        output,
      })
    }
    const { usageOf } = await import('#cli/usage.ts')
    output.writeError(`gantry: ${complaint}\n\n${usageOf(name, command.usage)}`)
    return exitCodes.failure
  }
  const { commandHelp, usageOf } = await import('#cli/usage.ts')
  if (outcome.type === 'help') {
    output.write(commandHelp({ entry, name, command, flags, columns: output.columns('stdout') }))
    return 0
  }
  output.writeError(`${outcome.message}\n\n${usageOf(name, command.usage)}`)
  return exitCodes.usage
}

async function runAction(
  action: () => Promise<number>,
  { command, name, output }: { command: Command; name: string; output: Output },
): Promise<number> {
  try {
    return await action()
  } catch (error) {
    const isMapped = command.failureCode !== undefined
    const help = helpHint(name.split(' ').at(-1) ?? name)
    output.writeError(isMapped ? `gantry: ${errorText(error)}${help}` : `${errorText(error)}\n`)
    const hint = findEngineError(error)?.hint
    if (hint !== undefined) output.writeError(`${hint}\n`)
    return command.failureCode ?? exitCodes.failure
  }
}

function openContext({ globals, variables, output }: Invocation): CommandContext {
  const settings = readSettings(variables, {
    directory: globals.config.value || undefined,
    warn: (line) => output.writeError(line),
  })
  const lazy = lazyClient(globals.connection(), settings, output)
  return {
    settings,
    output,
    get client() {
      return lazy.client()
    },
    get connection() {
      return lazy.connection()
    },
  }
}

/** Docker's complaint about the number of arguments. */
function checkArgs(command: Command, name: string, args: readonly string[]): string | undefined {
  const { min, max } = command.args
  const plural = (count: number) => (count === 1 ? 'argument' : 'arguments')
  if (max === 0 && args.length > 0) return `'gantry ${name}' accepts no arguments`
  if (min === max && args.length !== min) {
    return `'gantry ${name}' requires ${min} ${plural(min)}`
  }
  const isOutside = args.length < min || (max !== undefined && args.length > max)
  if (isOutside && min > 0 && max !== undefined) {
    return `'gantry ${name}' requires at least ${min} and at most ${max} ${plural(max)}`
  }
  if (args.length < min) return `'gantry ${name}' requires at least ${min} ${plural(min)}`
  if (max !== undefined && args.length > max) {
    return `'gantry ${name}' requires at most ${max} ${plural(max)}`
  }
  return undefined
}
