import { formatJson } from '#client/json.ts'
import { compareText, printf, printValue } from '#cli/template/print.ts'

/** A function of templates. Throws Error with the text that Go gives. */
export type TemplateFunction = (...values: readonly unknown[]) => unknown

/** What every template may call: Go's own functions and Docker's additions. */
export const templateFunctions: Readonly<Record<string, TemplateFunction>> = {
  not: (value) => !isTrue(value),
  len: (value) => lengthOf(value),
  index: (value, ...keys) => keys.reduce((item, key) => itemAt(item, key), value),
  slice: (value, from = 0, to) => sliceOf(value, from, to),
  eq: (first, ...others) => others.some((other) => isEqual(first, other)),
  ne: (first, second) => !isEqual(first, second),
  lt: (first, second) => compare(first, second) < 0,
  le: (first, second) => compare(first, second) <= 0,
  gt: (first, second) => compare(first, second) > 0,
  ge: (first, second) => compare(first, second) >= 0,
  print: (...values) => printAll(values),
  println: (...values) => `${values.map(printValue).join(' ')}\n`,
  printf: (format, ...values) => printf(textOf(format), values),
  urlquery: (...values) => queryText(printAll(values)),
  html: (...values) => escapeHtml(printAll(values)),
  js: (...values) => escapeScript(printAll(values)),
  json: (value) => formatJson(value),
  lower: (value) => textOf(value).toLowerCase(),
  upper: (value) => textOf(value).toUpperCase(),
  title: (value) =>
    textOf(value).replace(/(?<![\p{L}\p{N}_'])\p{L}/gu, (letter) => letter.toUpperCase()),
  join: (values, separator) => listOf(values).map(textOf).join(textOf(separator)),
  split: (text, separator) => textOf(text).split(textOf(separator)),
  pad: (text, before, after) =>
    textOf(text) === ''
      ? ''
      : ' '.repeat(Number(before)) + textOf(text) + ' '.repeat(Number(after)),
  truncate: (text, length) => [...textOf(text)].slice(0, Number(length)).join(''),
}

/** Go's truth: empty values are false. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length > 0
  return Boolean(value)
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value)
  if (Array.isArray(value)) return value.length
  if (typeof value === 'object' && value !== null) return Object.keys(value).length
  if (value === null || value === undefined) throw new Error('len of nil pointer')
  throw new Error(`len of type ${typeof value}`)
}

function itemAt(value: unknown, key: unknown): unknown {
  if (typeof value === 'string' || Array.isArray(value)) {
    const position = Number(key)
    const { length } = value
    if (!Number.isInteger(position))
      throw new Error(`cannot index slice/array with type ${typeof key}`)
    if (position < 0 || position >= length) throw new Error(`index out of range: ${position}`)
    return typeof value === 'string' ? Buffer.from(value)[position] : value[position]
  }
  if (typeof value === 'object' && value !== null) {
    return Object.hasOwn(value, String(key)) ? Reflect.get(value, String(key)) : ''
  }
  if (value === null || value === undefined) throw new Error('index of untyped nil')
  throw new Error(`can't index item of type ${typeof value}`)
}

function sliceOf(value: unknown, from: unknown, to: unknown): unknown {
  const [start, end] = [Number(from), to === undefined ? undefined : Number(to)]
  if (typeof value === 'string' || Array.isArray(value)) {
    if (start > value.length || (end ?? 0) > value.length) {
      throw new Error(`index out of range: ${end ?? start}`)
    }
    return value.slice(start, end)
  }
  throw new Error(`can't slice item of type ${typeof value}`)
}

function isEqual(a: unknown, b: unknown): boolean {
  const isNumeric = (value: unknown) => typeof value === 'number' || typeof value === 'bigint'
  if (isNumeric(a) && isNumeric(b)) return String(a) === String(b)
  if (a === null || a === undefined || b === null || b === undefined)
    return (a ?? null) === (b ?? null)
  if (typeof a !== typeof b) throw new Error('incompatible types for comparison')
  return a === b
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  const isNumeric = (value: unknown) => typeof value === 'number' || typeof value === 'bigint'
  if (isNumeric(a) && isNumeric(b)) return Number(a) - Number(b)
  throw new Error('incompatible types for comparison')
}

function printAll(values: readonly unknown[]): string {
  return values
    .map((value, index) => {
      const previous = values[index - 1]
      const isSpaced = index > 0 && typeof value !== 'string' && typeof previous !== 'string'
      return (isSpaced ? ' ' : '') + printValue(value)
    })
    .join('')
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : printValue(value)
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new Error(`wrong type for value; expected []string; got ${typeof value}`)
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => entities[letter] ?? letter)
}

/** Go's QueryEscape: a space is `+`, and only letters, digits and `-_.~` stay. */
function queryText(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
}

const scriptEscapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
}

/** Go's JSEscape: safe inside a JavaScript string. */
function escapeScript(text: string): string {
  return text.replace(/[\\'"<>&=]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (letter) => {
    const hex = (letter.codePointAt(0) ?? 0).toString(16).toUpperCase()
    return scriptEscapes[letter] ?? `\\u${hex.padStart(4, '0')}`
  })
}
