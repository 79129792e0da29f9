/** What a build says when it is over. */
import { findEngineError, errorMessage } from '#base/errors.ts'
import type { BuildModel } from '#cli/build/progress/model.ts'
import type { InspectedBody } from '#wire/build-session.ts'

/** Lines of a failed step's output that are shown again. */
const shownLines = 20

/** The failed step's last output, the source around it, and the error. */
export function failureText(error: unknown, model: BuildModel, isOutputShown: boolean): string {
  const failed = model.vertices.find(({ state }) => state === 'failed')
  const lines = failed?.lines.slice(-shownLines) ?? []
  const output = lines.map(({ seconds, text }) => `${seconds.toFixed(3)} ${text}\n`).join('')
  const rule = '------\n'
  const step =
    failed && isOutputShown
      ? `${rule} > ${failed.name.split('\n')[0] ?? ''}:\n${output}${rule}`
      : ''
  const hint = findEngineError(error)?.hint
  const isExcerpt = hint !== undefined && hint.includes('--------------------')
  const excerpt = hint === undefined ? '' : `${hint}\n${isExcerpt ? '' : '\n'}`
  return `${step}${excerpt}ERROR: failed to build: failed to solve: ${errorMessage(error)}\n`
}

export function warningText({ warnings }: BuildModel): string {
  if (warnings.length === 0) return ''
  const count = warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`
  const lines = warnings.map(
    ({ rule, message, range }) => ` - ${rule}: ${message} (line ${range.start.line})\n`,
  )
  return `\n ${count} found:\n${lines.join('')}`
}

export interface InspectedText {
  readonly text: string
  /** For the error output. */
  readonly error?: string
  readonly code: number
}

/** `--check`, `--call=outline`, `--call=targets`. */
export function inspectedText(outcome: InspectedBody): InspectedText {
  switch (outcome.call) {
    case 'check':
      return checkText(outcome)
    case 'outline':
      return { text: outlineText(outcome.outline), code: 0 }
    case 'targets':
      return { text: targetsText(outcome.targets), code: 0 }
  }
}

/** A failure of `--check`, as buildx words it. */
export function checkFailureText(message: string, excerpt: string | undefined): string {
  return `ERROR: ${message}\n${excerpt === undefined ? '' : `${excerpt}\n\n`}`
}

function checkText(outcome: Extract<InspectedBody, { call: 'check' }>): InspectedText {
  const { failure } = outcome
  const { text, code } = warningsText(outcome)
  if (!failure) return { text, code }
  return { text: `${text}\n`, error: checkFailureText(failure.message, failure.excerpt), code: 1 }
}

function warningsText({ warnings }: Extract<InspectedBody, { call: 'check' }>): InspectedText {
  if (warnings.length === 0) return { text: 'Check complete, no warnings found.\n', code: 0 }
  const isOne = warnings.length === 1
  const head = `Check complete, ${isOne ? '1 warning has' : `${warnings.length} warnings have`} been found!\n`
  const texts = warnings.map(({ rule, message, excerpt = '' }) => {
    const page = rule.replaceAll(/(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g, '-').toLowerCase()
    const url = `https://docs.docker.com/go/dockerfile/rule/${page}/`
    return `\nWARNING: ${rule} - ${url}\n${message}\n${excerpt}\n`
  })
  return { text: `${head}${texts.join('')}`, code: 1 }
}

type Outline = Extract<InspectedBody, { call: 'outline' }>['outline']

function outlineText({ name, description, args, secrets, ssh }: Outline): string {
  const about = [
    ...(name === undefined ? [] : [['TARGET:', name]]),
    ...(description === undefined ? [] : [['DESCRIPTION:', description]]),
  ]
  const required = (isRequired: boolean) => (isRequired ? 'true' : '')
  const sections = [
    alignColumns(about, 1),
    section(
      ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
      args.map((arg) => [arg.name, arg.value ?? '', arg.description ?? '']),
    ),
    section(
      ['SECRET', 'REQUIRED'],
      secrets.map(({ id, isRequired }) => [id, required(isRequired)]),
    ),
    section(
      ['SSH', 'REQUIRED'],
      ssh.map(({ id, isRequired }) => [id, required(isRequired)]),
    ),
  ]
  return sections
    .filter((text) => text !== '')
    .map((text) => `${text}\n`)
    .join('')
}

/** Empty without rows. */
function section(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0 ? '' : alignColumns([header, ...rows], 3)
}

function targetsText(targets: Extract<InspectedBody, { call: 'targets' }>['targets']): string {
  const rows = targets.map(({ name, isDefault, description = '' }) => [
    `${name}${isDefault ? ' (default)' : ''}`.trim(),
    description,
  ])
  return alignColumns([['TARGET', 'DESCRIPTION'], ...rows], 1)
}

/** As Go's tabwriter: every cell but the last of a row is as wide as its column and `padding`. */
function alignColumns(rows: readonly (readonly string[])[], padding: number): string {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length + padding)),
  )
  return rows
    .map((row) =>
      row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths?.[at] ?? 0))),
    )
    .map((cells) => `${cells.join('')}\n`)
    .join('')
}
