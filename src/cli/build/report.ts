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

function checkText({ warnings }: Extract<InspectedBody, { call: 'check' }>): InspectedText {
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
  const title = name === undefined ? '' : `TARGET:      ${name}\n`
  const about = description === undefined ? '' : `DESCRIPTION: ${description}\n`
  const sections = [
    table(
      ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
      args.map((arg) => [arg.name, arg.value ?? '', arg.description ?? '']),
    ),
    table(
      ['SECRET', 'REQUIRED'],
      secrets.map(({ id, isRequired }) => [id, isRequired ? 'true' : '']),
    ),
    table(
      ['SSH', 'REQUIRED'],
      ssh.map(({ id, isRequired }) => [id, isRequired ? 'true' : '']),
    ),
  ]
  return [`${title}${about}`, ...sections].filter((section) => section !== '').join('\n')
}

function targetsText(targets: Extract<InspectedBody, { call: 'targets' }>['targets']): string {
  return table(
    ['TARGET', 'DESCRIPTION'],
    targets.map(({ name, isDefault, description = '' }) => [
      `${name}${isDefault ? ' (default)' : ''}`.trim(),
      description,
    ]),
  )
}

/** Empty without rows. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const all = [header, ...rows]
  const widths = header.map((_, column) =>
    Math.max(...all.map((row) => (row[column] ?? '').length)),
  )
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}
