/** Heredocs of RUN, COPY and ADD: `<<EOF`, `<<-EOF`, `3<<"EOF"`. */
import { splitWords } from '#build/dockerfile/words.ts'

export interface Heredoc {
  /** The delimiter without quotes. */
  readonly name: string
  /** File descriptor before `<<`; 0 when none is written. */
  readonly fileDescriptor: number
  /** `<<-`: leading tabs of the body and of the delimiter are dropped. */
  readonly stripsTabs: boolean
  /** An unquoted delimiter: variables in the body are expanded (COPY and ADD; a shell does it for RUN). */
  readonly expands: boolean
  /** Filled from the lines below; each line ends in a newline. */
  readonly body: string
  /** The body with the tabs that `<<-` strips: what a shell gets, which strips them itself. */
  readonly written: string
}

const form = /^(\d*)<<(-?)([^<]*)$/

/** Whether an instruction line may open heredocs. An exec form (JSON array) may not. */
export function takesHeredocs(text: string): boolean {
  const match = /^(?:ONBUILD\s+)?(RUN|COPY|ADD)\s+(.*)$/is.exec(text)
  return match !== null && text.includes('<<') && !isJsonArray(withoutFlags(match[2] ?? ''))
}

/** The heredocs that a line opens, in order, bodies still empty. */
export function findHeredocs(text: string, escape: string): Heredoc[] {
  return splitWords(text, { escape }).flatMap((word) => {
    const heredoc = parseHeredocWord(word.raw)
    return heredoc ? [heredoc] : []
  })
}

/** Reads one raw word such as `<<-"EOF"`; undefined when it opens no heredoc. */
export function parseHeredocWord(raw: string): Heredoc | undefined {
  const match = form.exec(raw)
  const delimiter = match?.[3] ?? ''
  if (!match || delimiter === '') return undefined
  const name = unquote(delimiter)
  if (name === '' || /[\s]/.test(name)) return undefined
  return {
    name,
    fileDescriptor: match[1] === '' ? 0 : Number(match[1]),
    stripsTabs: match[2] === '-',
    expands: name === delimiter,
    body: '',
    written: '',
  }
}

function unquote(text: string): string {
  return text.replaceAll(/['"]/g, '')
}

function withoutFlags(text: string): string {
  return text.replace(/^(?:--\S+\s+)*/, '')
}

function isJsonArray(text: string): boolean {
  if (!text.trimStart().startsWith('[')) return false
  try {
    return Array.isArray(JSON.parse(text))
  } catch {
    return false
  }
}
