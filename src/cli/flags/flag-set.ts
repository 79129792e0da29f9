/**
 * Flags with Docker's (Go's pflag) rules. A command declares its flags on a set
 * and keeps the typed cells that come back; `parseFlags` fills them.
 *
 *     const all = flags.bool('all', 'Show all containers', { short: 'a' })
 *     …after parsing: if (all.value) …
 */
export interface Flag<T> {
  readonly value: T
  /** The user gave it (even with its default value). */
  readonly isSet: boolean
}

/** The value of a flag that the user gave. */
export function given<T>(flag: Flag<T>): T | undefined {
  return flag.isSet ? flag.value : undefined
}

/** What help, completion and the parser know of a flag. */
export interface FlagSpec {
  readonly name: string
  readonly short: string | undefined
  readonly help: string
  /** Type shown by help: `string`, `list`, …; empty for bools. */
  readonly type: string
  /** Shown by help as `(default …)`; empty = nothing. */
  readonly defaultText: string
  readonly isHidden: boolean
  /** The value of the flag without `=value`: bools have `true`; others need an argument. */
  readonly impliedValue: string | undefined
  /** @throws Error with Go's text for a value it cannot read */
  accept(text: string): void
}

export interface FlagOptions {
  readonly short?: string
  readonly isHidden?: boolean
}

export interface ValueOptions<T> extends FlagOptions {
  readonly initial: T
  readonly type: string
  readonly defaultText?: string
  readonly impliedValue?: string
  /** `previous` is the initial value for the first occurrence. */
  readonly parse: (text: string, previous: T) => T
}

export interface FlagSet {
  readonly specs: readonly FlagSpec[]
  /** A flag of any type. */
  add<T>(name: string, help: string, options: ValueOptions<T>): Flag<T>
  bool(name: string, help: string, options?: FlagOptions & { initial?: boolean }): Flag<boolean>
  text(
    name: string,
    help: string,
    options?: FlagOptions & { initial?: string; type?: string },
  ): Flag<string>
  /** Repeatable; values in order. */
  list(
    name: string,
    help: string,
    options?: FlagOptions & {
      type?: string
      /** Checks and completes one value. @throws Error */
      check?: (text: string) => string
    },
  ): Flag<readonly string[]>
  integer(
    name: string,
    help: string,
    options?: FlagOptions & { initial?: number; type?: string },
  ): Flag<number>
}

export function createFlagSet(): FlagSet {
  const specs: FlagSpec[] = []

  function add<T>(name: string, help: string, options: ValueOptions<T>): Flag<T> {
    const cell = { value: options.initial, isSet: false }
    specs.push({
      name,
      help,
      short: options.short,
      type: options.type,
      defaultText: options.defaultText ?? '',
      isHidden: options.isHidden ?? false,
      impliedValue: options.impliedValue,
      accept(text) {
        cell.value = options.parse(text, cell.value)
        cell.isSet = true
      },
    })
    return cell
  }

  return {
    specs,
    add,
    bool: (name, help, { initial = false, ...options } = {}) =>
      add(name, help, {
        ...options,
        initial,
        type: '',
        impliedValue: 'true',
        defaultText: initial ? 'true' : '',
        parse: parseBool,
      }),
    text: (name, help, { initial = '', type = 'string', ...options } = {}) =>
      add(name, help, {
        ...options,
        initial,
        type,
        defaultText: initial === '' ? '' : `"${initial}"`,
        parse: (text) => text,
      }),
    list: (name, help, { type = 'list', check, ...options } = {}) =>
      add<readonly string[]>(name, help, {
        ...options,
        initial: [],
        type,
        parse: (text, previous) => [...previous, check ? check(text) : text],
      }),
    integer: (name, help, { initial = 0, type = 'int', ...options } = {}) =>
      add(name, help, {
        ...options,
        initial,
        type,
        defaultText: initial === 0 ? '' : String(initial),
        parse: parseInteger,
      }),
  }
}

const trueTexts = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const falseTexts = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

/** Go's strconv.ParseBool. */
export function parseBool(text: string): boolean {
  if (trueTexts.has(text)) return true
  if (falseTexts.has(text)) return false
  throw new Error(`strconv.ParseBool: parsing "${text}": invalid syntax`)
}

/** Go's strconv.ParseInt for the numbers that flags take. */
export function parseInteger(text: string): number {
  const value = Number(text)
  if (!/^[+-]?\d+$/.test(text)) {
    throw new Error(`strconv.ParseInt: parsing "${text}": invalid syntax`)
  }
  if (!Number.isSafeInteger(value)) {
    throw new Error(`strconv.ParseInt: parsing "${text}": value out of range`)
  }
  return value
}

/** Go's strconv.ParseUint for `bits` bits. */
export function parseUnsigned(text: string, bits: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text)) {
    throw new Error(`strconv.ParseUint: parsing "${text}": invalid syntax`)
  }
  if (value >= 2 ** bits) {
    throw new Error(`strconv.ParseUint: parsing "${text}": value out of range`)
  }
  return value
}
