import { errorText } from '#cli/failures.ts'
import { unescapeFormat } from '#cli/format/list.ts'
import type { Output } from '#cli/output.ts'
import { compileTemplate } from '#cli/template/template.ts'
import type { Template, TemplateOptions } from '#cli/template/template.ts'

/**
 * The template of a `--format` that shows single objects. Undefined when it cannot be read, which is
 * told on stderr: the command ends with `exitCodes.template` then.
 */
export function objectTemplate(
  format: string,
  output: Output,
  options: TemplateOptions = {},
): Template | undefined {
  try {
    return compileTemplate(unescapeFormat(format), options)
  } catch (error) {
    output.writeError(`${errorText(error)}\n`)
    return undefined
  }
}
