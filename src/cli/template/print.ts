import { quoteGo } from '#cli/template/literals.ts'
import { fieldsOf, nilPointer } from '#cli/template/typed.ts'

/** Go's default formatting (`%v`) of values as JSON has them. */
export function printValue(value: unknown): string {
  if (value === undefined || value === null) return '<no value>'
  return printInner(value)
}

function printInner(value: unknown): string {
  if (value === undefined || value === null) return '<nil>'
  if (value === nilPointer) return '<nil>'
  if (Array.isArray(value)) return `[${value.map(printInner).join(' ')}]`
  if (typeof value === 'object') {
    const fields = fieldsOf(value)
    if (fields) return `{${fields.map((name) => printInner(Reflect.get(value, name))).join(' ')}}`
    const entries = Object.entries(value).toSorted(([a], [b]) => compareText(a, b))
    return `map[${entries.map(([key, item]) => `${key}:${printInner(item)}`).join(' ')}]`
  }
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
      return '<func>'
  }
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const verb = /%[-+# 0]*\d*(?:\.\d+)?[a-zA-Z%]/g
const verbParts = /^%([-+# 0]*)(\d*)(?:\.(\d+))?(.)$/

/** Go's fmt.Sprintf for the verbs that formats use: v s q d x X o b c t f g e T %. */
export function printf(format: string, values: readonly unknown[]): string {
  let next = 0
  const text = format.replace(verb, (match) => {
    const [, flags = '', width = '', precision, letter = 'v'] = verbParts.exec(match) ?? []
    if (letter === '%') return '%'
    if (next >= values.length) return `%!${letter}(MISSING)`
    const written = formatVerb(letter, values[next++], precision)
    const signed = flags.includes('+') && /^\d/.test(written) ? `+${written}` : written
    return padTo(signed, Number(width), flags)
  })
  const extra = values.slice(next).map((value) => `${goType(value)}=${printInner(value)}`)
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(', ')})`
}

function formatVerb(letter: string, value: unknown, precision: string | undefined): string {
  const isNumber = typeof value === 'number' || typeof value === 'bigint'
  switch (letter) {
    case 'v':
      return printInner(value)
    case 's':
      if (isNumber || typeof value === 'boolean') return wrongType(letter, value)
      return [...printInner(value)].slice(0, Number(precision ?? Infinity)).join('')
    case 'q':
      return isNumber ? `'${String.fromCodePoint(Number(value))}'` : quoteGo(printInner(value))
    case 'T':
      return goType(value)
    case 't':
      return typeof value === 'boolean' ? String(value) : wrongType(letter, value)
    case 'x':
    case 'X':
      return hexOf(letter, value)
    default:
      return isNumber ? formatNumber(letter, value, precision) : wrongType(letter, value)
  }
}

function formatNumber(letter: string, value: number | bigint, precision?: string): string {
  switch (letter) {
    case 'd':
      return Number.isInteger(Number(value)) ? String(value) : wrongType(letter, value)
    case 'o':
      return value.toString(8)
    case 'b':
      return value.toString(2)
    case 'c':
      return String.fromCodePoint(Number(value))
    case 'f':
      return Number(value).toFixed(Number(precision ?? 6))
    case 'e':
      return Number(value)
        .toExponential(Number(precision ?? 6))
        .replace(/e([+-])(\d)$/, 'e$10$2')
    case 'g':
      return precision === undefined
        ? String(value)
        : String(Number(Number(value).toPrecision(Number(precision))))
    default:
      return wrongType(letter, value)
  }
}

function hexOf(letter: string, value: unknown): string {
  const hex =
    typeof value === 'number' || typeof value === 'bigint'
      ? value.toString(16)
      : Buffer.from(printInner(value)).toString('hex')
  return letter === 'X' ? hex.toUpperCase() : hex
}

function wrongType(letter: string, value: unknown): string {
  return `%!${letter}(${goType(value)}=${printInner(value)})`
}

function goType(value: unknown): string {
  if (value === null || value === undefined) return '<nil>'
  if (Array.isArray(value)) return '[]interface {}'
  if (typeof value === 'object') return 'map[string]interface {}'
  if (typeof value === 'bigint') return 'int64'
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64'
  return typeof value === 'boolean' ? 'bool' : 'string'
}

function padTo(text: string, width: number, flags: string): string {
  if (flags.includes('-')) return text.padEnd(width)
  if (!flags.includes('0')) return text.padStart(width)
  const sign = /^[+-]/.exec(text)?.[0] ?? ''
  return sign + text.slice(sign.length).padStart(width - sign.length, '0')
}
