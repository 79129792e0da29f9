import { evaluateNodes } from '#cli/template/evaluate.ts'
import { templateFunctions } from '#cli/template/functions.ts'
import type { TemplateFunction } from '#cli/template/functions.ts'
import { parseTemplate } from '#cli/template/parse.ts'

/** Runs a template on a value. @throws EngineError invalid_argument with Go's text */
export type Template = (value: unknown) => string

/**
 * Compiles a template in the language of Go's text/template, as `--format` takes it.
 * `functions` replace or add to the standard ones.
 * @throws EngineError invalid_argument with Go's text
 */
export function compileTemplate(
  source: string,
  functions: Readonly<Record<string, TemplateFunction>> = {},
): Template {
  const nodes = parseTemplate(source)
  const known = { ...templateFunctions, ...functions }
  return (value) => evaluateNodes(nodes, { source, functions: known }, value)
}
