import { EngineError } from '#base/errors.ts'
import type { Setting } from '#daemon/setting.ts'

/** Flag name → the texts that the command line gave it. */
export type FlagTexts = ReadonlyMap<string, readonly string[]>

/**
 * Reads a command line: `--name value`, `--name=value`, `-n value`, `--switch`, `--switch=false`.
 * @throws EngineError invalid_argument with the texts that dockerd's users know
 */
export function parseFlags(
  args: readonly string[],
  settings: readonly Setting<unknown>[],
): FlagTexts {
  const texts = new Map<string, string[]>()
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] ?? ''
    const { setting, inline } = findSetting(argument, settings)
    let value = inline
    if (value === undefined && setting.isSwitch) value = 'true'
    if (value === undefined) value = args[++index]
    if (value === undefined) {
      throw new EngineError('invalid_argument', `flag needs an argument: ${argument}`)
    }
    const given = texts.get(setting.flag)
    if (given) given.push(value)
    else texts.set(setting.flag, [value])
  }
  return texts
}

interface FoundSetting {
  readonly setting: Setting<unknown>
  readonly inline: string | undefined
}

function findSetting(argument: string, settings: readonly Setting<unknown>[]): FoundSetting {
  const match = /^(?:--([a-z][a-z-]*)|-([a-zA-Z]))(?:=(.*))?$/s.exec(argument)
  if (!match) {
    throw argument.startsWith('-')
      ? new EngineError('invalid_argument', `unknown flag: ${argument}`)
      : new EngineError('invalid_argument', `unexpected argument: "${argument}"`, {
          hint: 'gantryd takes flags only',
        })
  }
  const [, long, short, inline] = match
  const setting = settings.find((one) => (long ? one.flag === long : one.short === short))
  if (!setting) {
    throw new EngineError(
      'invalid_argument',
      long ? `unknown flag: --${long}` : `unknown shorthand flag: '${short ?? ''}' in ${argument}`,
    )
  }
  return { setting, inline }
}

/** The text of `--help`. */
export function formatHelp(settings: readonly Setting<unknown>[]): string {
  const rows = settings
    .toSorted((a, b) => a.flag.localeCompare(b.flag))
    .map(({ flag, short, isSwitch, isRepeatable, help, fallback }) => {
      const name = `${short === undefined ? '    ' : `-${short}, `}--${flag}`
      const kind = isSwitch ? '' : isRepeatable ? ' list' : ' value'
      return [name + kind, help + formatFallback(fallback)] as const
    })
  const width = Math.max(...rows.map(([name]) => name.length))
  const lines = rows.map(([name, help]) => `  ${name.padEnd(width)}   ${help}`)
  return [
    'Usage: gantryd [OPTIONS]',
    '',
    'The engine of Gantry.',
    '',
    'Options:',
    ...lines,
    '',
  ].join('\n')
}

function formatFallback(fallback: unknown): string {
  if (typeof fallback === 'number') return ` (default ${fallback.toString()})`
  if (typeof fallback === 'string' && fallback !== '') return ` (default "${fallback}")`
  if (fallback === true) return ' (default true)'
  return Array.isArray(fallback) && fallback.length > 0 ? ` (default ${fallback.join(', ')})` : ''
}
