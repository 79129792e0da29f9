import { formatJson } from '#client/json.ts'
import { alignColumns } from '#cli/format/columns.ts'

/** A column of a list: the template field and its header. */
export interface Column<Row> {
  readonly field: keyof Row & string
  readonly header: string
}

export interface ListOptions<Row> {
  readonly rows: readonly Row[]
  /** `--format`: empty or `table`, `table TEMPLATE`, `json`, `TEMPLATE`. */
  readonly format: string
  /** Shown in this order by the plain table. */
  readonly columns: readonly Column<Row>[]
  /** Headers of fields that only templates show. */
  readonly extraHeaders?: Readonly<Record<string, unknown>>
  /** The template of `--format raw`. */
  readonly raw?: string
}

const failures = {
  parseFailure: 'failed to parse template: ',
  runFailure: 'failed to execute template: ',
}

/** The text of a list in one of Docker's forms. @throws EngineError for a wrong template */
export async function formatList<Row extends object>(options: ListOptions<Row>): Promise<string> {
  const { columns } = options
  const rows = options.rows.map(withListJson)
  const written = options.format.trim()
  const format = written === 'raw' ? (options.raw ?? written) : written
  if (format === '' || format === 'table') {
    const lines = rows.map((row) => columns.map(({ field }) => String(row[field])).join('\t'))
    const header = columns.map((column) => column.header).join('\t')
    return alignColumns([header, ...lines, ''].join('\n'))
  }
  if (format === 'json') return rows.map((row) => `${formatJson(row)}\n`).join('')
  const { compileTemplate } = await import('#cli/template/template.ts')
  if (!format.startsWith('table')) {
    const template = compileTemplate(unescapeFormat(format), failures)
    return rows.map((row) => `${template(row)}\n`).join('')
  }
  const source = unescapeFormat(format.slice('table'.length).trim())
  const template = compileTemplate(source, failures)
  const same = (value: unknown) => value
  const header = compileTemplate(source, {
    functions: { json: same, split: same, join: same, truncate: same },
    ...failures,
  })
  const headers = {
    ...options.extraHeaders,
    ...Object.fromEntries(columns.map((column) => [column.field, column.header])),
  }
  const lines = rows.map((row) => template(row))
  return alignColumns([header(headers), ...lines, ''].join('\n'))
}

/** Rows in JSON as Go's encoder writes maps: sorted, safe inside HTML; methods are for templates only. */
function withListJson<Row extends object>(row: Row): Row {
  const toJSON = () => {
    const entries = Object.entries(row).filter(([, value]) => typeof value !== 'function')
    const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1))
    return Object.fromEntries(sorted.map(([field, value]) => [field, safeInHtml(value)]))
  }
  return Object.defineProperty({ ...row }, 'toJSON', { value: toJSON, enumerable: false })
}

function safeInHtml(value: unknown): unknown {
  if (typeof value !== 'string') return value
  return JSON.rawJSON(JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, escapeLetter))
}

function escapeLetter(letter: string): string {
  return `\\u${(letter.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
}

/** `\t` and `\n` written out, as they come from a shell's single quotes. */
export function unescapeFormat(format: string): string {
  return format.replaceAll('\\t', '\t').replaceAll('\\n', '\n')
}

/** At most `length` characters, the last one an ellipsis when something was cut. */
export function ellipsis(text: string, length: number): string {
  const letters = [...text]
  return letters.length <= length ? text : `${letters.slice(0, length - 1).join('')}…`
}

/** A `--filter key=value` list as the API takes it. @throws Error with Docker's text */
export function parseFilterFlag(
  text: string,
  previous: Readonly<Record<string, readonly string[]>>,
): Readonly<Record<string, readonly string[]>> {
  const equals = text.indexOf('=')
  if (text === '') return previous
  if (equals === -1) throw new Error('bad format of filter (expected name=value)')
  const key = text.slice(0, equals).trim().toLowerCase()
  const value = text.slice(equals + 1).trim()
  return { ...previous, [key]: [...(previous[key] ?? []), value] }
}
