import { EngineError } from '#base/errors.ts'

/** `key=value` fields of a flag's value, as `type=local,dest=out`; a bare word has no value. */
export type Fields = ReadonlyMap<string, string>

/** Splits at commas outside double quotes, as Go's csv reader does; keys in lower case. */
export function parseFields(text: string): Fields {
  const fields = new Map<string, string>()
  for (const field of splitCsv(text)) {
    const equals = field.indexOf('=')
    if (equals === -1) fields.set(field.toLowerCase(), '')
    else fields.set(field.slice(0, equals).toLowerCase(), field.slice(equals + 1))
  }
  return fields
}

export function splitCsv(text: string): string[] {
  const matches = text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)
  return [...matches].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '')
}

/** @throws EngineError invalid_argument for fields outside `known` */
export function checkFields(flag: string, fields: Fields, known: readonly string[]): void {
  const unknown = [...fields.keys()].find((key) => !known.includes(key))
  if (unknown === undefined) return
  throw new EngineError('invalid_argument', `${flag}: unexpected key '${unknown}'`)
}
