/** Readers of the settings that are more than texts, numbers and switches. */
import { EngineError } from '#base/errors.ts'
import { decodeRequest } from '#wire/decode.ts'
import { integer, list, object, record, text } from '#wire/schema.ts'

export type TextMap = Readonly<Record<string, string>>

/** `key=value` texts, or a JSON object of texts. */
export const textMap = {
  fromTexts: (texts: readonly string[]): TextMap =>
    Object.fromEntries(texts.map((entry) => splitPair(entry, 'option'))),
  fromJson: (value: unknown): TextMap => decodeRequest(record(text), value),
}

export interface AddressPoolSetting {
  readonly base: string
  readonly size: number
}

/** `base=172.30.0.0/16,size=24` texts, or `[{ "base", "size" }]`. */
export const addressPools = {
  fromTexts: (texts: readonly string[]): readonly AddressPoolSetting[] => texts.map(parsePool),
  fromJson: (value: unknown): readonly AddressPoolSetting[] =>
    decodeRequest(list(object({ base: text, size: integer })), value),
}

export interface RuntimeSetting {
  readonly path: string
  readonly args?: readonly string[]
}

/** `name=path` texts, or `{ name: { "path", "runtimeArgs" } }`. */
export const runtimes = {
  fromTexts: (texts: readonly string[]): Readonly<Record<string, RuntimeSetting>> =>
    Object.fromEntries(
      texts.map((entry) => {
        const [name, path] = splitPair(entry, 'runtime')
        return [name, { path }]
      }),
    ),
  fromJson(value: unknown): Readonly<Record<string, RuntimeSetting>> {
    const schema = record(object({ path: text }, { runtimeArgs: list(text) }))
    return Object.fromEntries(
      Object.entries(decodeRequest(schema, value)).map(([name, { path, runtimeArgs }]) => [
        name,
        runtimeArgs === undefined ? { path } : { path, args: runtimeArgs },
      ]),
    )
  },
}

function splitPair(entry: string, what: string): readonly [string, string] {
  const mark = entry.indexOf('=')
  if (mark < 1) {
    throw new EngineError('invalid_argument', `invalid ${what} "${entry}": want name=value`)
  }
  return [entry.slice(0, mark), entry.slice(mark + 1)]
}

function parsePool(entry: string): AddressPoolSetting {
  const fields = new Map(entry.split(',').map((field) => splitPair(field, 'address pool')))
  const base = fields.get('base')
  const size = Number(fields.get('size'))
  if (base === undefined || fields.size !== 2 || !Number.isInteger(size)) {
    throw new EngineError(
      'invalid_argument',
      `invalid default address pool "${entry}": want base=<CIDR>,size=<prefix length>`,
    )
  }
  return { base, size }
}
