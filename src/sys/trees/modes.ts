/** `--chmod`: octal, or symbolic as chmod(1) reads it. */
import { EngineError } from '#base/errors.ts'

export interface ModeSubject {
  /** Permission bits now: at most 0o7777. */
  readonly mode: number
  readonly isDirectory: boolean
}

/** @throws EngineError invalid_argument */
export function parseMode(text: string): (subject: ModeSubject) => number {
  if (/^[0-7]{1,5}$/.test(text)) {
    const mode = Number.parseInt(text, 8) & 0o7777
    return () => mode
  }
  if (/^\d+$/.test(text)) {
    const detail = 'it should be octal string and between 0 and 07777'
    throw new EngineError('invalid_argument', `invalid chmod parameter: '${text}'. ${detail}`)
  }
  const clauses = text.split(',').map((clause) => parseClause(clause, text))
  return (subject) => clauses.reduce((mode, apply) => apply({ ...subject, mode }), subject.mode)
}

type Apply = (subject: ModeSubject) => number

const everybody = 'ugo'
const shifts: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 }

function parseClause(clause: string, whole: string): Apply {
  const match = /^([ugoa]*)((?:[-+=][rwxXst]*|[-+=][ugo])+)$/.exec(clause)
  if (!match) throw new EngineError('invalid_argument', `invalid chmod parameter: '${whole}'`)
  const [, who = '', actions = ''] = match
  const whom = who === '' || who.includes('a') ? everybody : who
  const steps = [...actions.matchAll(/([-+=])([ugo]|[rwxXst]*)/g)]
  return (subject) =>
    steps.reduce(
      (mode, [, operator = '=', letters = '']) =>
        applyStep({ ...subject, mode }, { whom, operator, letters }),
      subject.mode,
    )
}

interface Step {
  readonly whom: string
  readonly operator: string
  readonly letters: string
}

function applyStep(subject: ModeSubject, { whom, operator, letters }: Step): number {
  const { mode } = subject
  let bits = 0
  let affected = 0
  for (const one of whom) {
    const shift = shifts[one] ?? 0
    bits |= lettersToBits(letters, subject) << shift
    affected |= 0o7 << shift
    if (letters.includes('s') && one !== 'o') bits |= one === 'u' ? 0o4000 : 0o2000
  }
  if (letters.includes('t')) bits |= 0o1000
  if (operator === '+') return mode | bits
  if (operator === '-') return mode & ~bits
  // `=` with letters takes set-id bits away, as BuildKit's chmod does also for directories.
  if (!/[ugo]/.test(letters) && whom.includes('u')) affected |= 0o4000
  if (!/[ugo]/.test(letters) && whom.includes('g')) affected |= 0o2000
  return (mode & ~affected) | bits
}

function lettersToBits(letters: string, { mode, isDirectory }: ModeSubject): number {
  const copied = shifts[letters]
  if (copied !== undefined) return (mode >> copied) & 0o7
  const isExecutable = isDirectory || (mode & 0o111) !== 0
  return (
    (letters.includes('r') ? 4 : 0) |
    (letters.includes('w') ? 2 : 0) |
    (letters.includes('x') || (letters.includes('X') && isExecutable) ? 1 : 0)
  )
}
