import { EngineError, errorMessage } from '#base/errors.ts'
import { evaluateNodes } from '#cli/template/evaluate.ts'
import { templateFunctions } from '#cli/template/functions.ts'
import type { TemplateFunction } from '#cli/template/functions.ts'
import { parseTemplate } from '#cli/template/parse.ts'

/** Runs a template on a value. @throws EngineError invalid_argument with Go's text */
export type Template = (value: unknown) => string

export interface TemplateOptions {
  /** Replace or add to the standard ones. */
  readonly functions?: Readonly<Record<string, TemplateFunction>>
  /** What stands before the text of a template that cannot be read. */
  readonly parseFailure?: string
  /** What stands before the text of one that fails while it runs. */
  readonly runFailure?: string
}

/**
 * Compiles a template in the language of Go's text/template, as `--format` takes it.
 * @throws EngineError invalid_argument with Go's text
 */
export function compileTemplate(source: string, options: TemplateOptions = {}): Template {
  const failure = 'template parsing error: '
  const { functions, parseFailure = failure, runFailure = failure } = options
  const known = { ...templateFunctions, ...functions }
  const names = new Set(['and', 'or', ...Object.keys(known)])
  const parsed = prefixing(parseFailure, () => parseTemplate(source, names))
  return (value) =>
    prefixing(runFailure, () => evaluateNodes(parsed, { source, functions: known }, value))
}

function prefixing<T>(prefix: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new EngineError('invalid_argument', prefix + errorMessage(error), { cause: error })
  }
}
