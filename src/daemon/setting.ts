/**
 * A setting of the daemon: its flag, its key in the configuration file, how each is read,
 * and its default. Kinds are factories; `settings.ts` is the table.
 */
import { EngineError } from '#base/errors.ts'

export interface Setting<T> {
  /** Long flag without dashes. */
  readonly flag: string
  readonly short?: string
  /** Key in the configuration file. */
  readonly key: string
  readonly help: string
  readonly isSwitch: boolean
  readonly isRepeatable: boolean
  readonly fallback: T
  /** @throws EngineError invalid_argument */
  fromTexts(texts: readonly string[]): T
  /** @throws EngineError invalid_argument */
  fromJson(value: unknown): T
}

export interface SettingNames<T> {
  readonly flag: string
  readonly short?: string
  /** The flag's name when absent. */
  readonly key?: string
  readonly help: string
  readonly fallback: T
}

export function textSetting(names: SettingNames<string>): Setting<string> {
  return {
    ...common(names),
    fromTexts: (texts) => texts.at(-1) ?? names.fallback,
    fromJson: (value) => (typeof value === 'string' ? value : wrongType(names, 'a text', value)),
  }
}

export function choiceSetting<const T extends string>(
  names: SettingNames<T>,
  choices: readonly T[],
): Setting<T> {
  const choose = (text: unknown) => {
    const found = choices.find((choice) => choice === text)
    return found ?? wrongType(names, `one of ${choices.join(', ')}`, text)
  }
  return {
    ...common(names),
    fromTexts: (texts) => choose(texts.at(-1)),
    fromJson: choose,
  }
}

export function integerSetting(names: SettingNames<number>): Setting<number> {
  return {
    ...common(names),
    fromTexts(texts) {
      const text = texts.at(-1) ?? ''
      return /^-?\d+$/.test(text) ? Number(text) : wrongType(names, 'a whole number', text)
    },
    fromJson: (value) =>
      typeof value === 'number' && Number.isInteger(value)
        ? value
        : wrongType(names, 'a whole number', value),
  }
}

export function switchSetting(names: SettingNames<boolean>): Setting<boolean> {
  return {
    ...common(names),
    isSwitch: true,
    fromTexts(texts) {
      const text = texts.at(-1)?.toLowerCase()
      if (text === 'true' || text === '1') return true
      return text === 'false' || text === '0' ? false : wrongType(names, 'true or false', text)
    },
    fromJson: (value) =>
      typeof value === 'boolean' ? value : wrongType(names, 'true or false', value),
  }
}

export function listSetting(names: SettingNames<readonly string[]>): Setting<readonly string[]> {
  return {
    ...common(names),
    isRepeatable: true,
    fromTexts: (texts) => texts,
    fromJson: (value) =>
      Array.isArray(value) && value.every((item) => typeof item === 'string')
        ? value
        : wrongType(names, 'a list of texts', value),
  }
}

/** A repeatable setting whose every text and JSON value is read into entries of its own. */
export function parsedSetting<T>(
  names: SettingNames<T>,
  read: Pick<Setting<T>, 'fromTexts' | 'fromJson'>,
): Setting<T> {
  return { ...common(names), isRepeatable: true, ...read }
}

function common<T>(names: SettingNames<T>) {
  return { ...names, key: names.key ?? names.flag, isSwitch: false, isRepeatable: false }
}

function wrongType(names: { readonly flag: string }, wanted: string, value: unknown): never {
  throw new EngineError(
    'invalid_argument',
    `invalid value for "${names.flag}": ${JSON.stringify(value)} is not ${wanted}`,
  )
}
