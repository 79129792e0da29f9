import { posix } from 'node:path'
import { heredocOfSource } from '#build/dockerfile/copy.ts'
import type { LocatedInstruction } from '#build/dockerfile/types.ts'
import { isGitUrl, isHttpUrl } from '#build/graph/urls.ts'
import { scopedInstructions, valueIn } from '#build/lint/scopes.ts'
import type { Rule } from '#build/lint/types.ts'

export const maintainerDeprecated: Rule = ({ dockerfile }, report) => {
  for (const { kind, range } of dockerfile.instructions) {
    if (kind !== 'maintainer') continue
    report(
      'MaintainerDeprecated',
      range,
      'Maintainer instruction is deprecated in favor of using label',
    )
  }
}

export const legacyKeyValueFormat: Rule = ({ dockerfile }, report) => {
  for (const instruction of dockerfile.instructions) {
    if (instruction.kind !== 'env' && instruction.kind !== 'label') continue
    if (!instruction.isLegacy) continue
    const name = instruction.keyword
    const message = `"${name} key=value" should be used instead of legacy "${name} key value" format`
    report('LegacyKeyValueFormat', instruction.range, message)
  }
}

export const exposeFormat: Rule = (input, report) => {
  for (const { instruction, scope } of scopedInstructions(input)) {
    if (instruction.kind !== 'expose') continue
    const words = instruction.ports.flatMap((port) =>
      (valueIn(input, scope, port) ?? '').split(/\s+/),
    )
    for (const port of words.toSorted()) {
      const protocol = port.split('/')[1] ?? ''
      if (protocol !== protocol.toLowerCase()) {
        const message = `Defined protocol '${port}' in EXPOSE instruction should be lowercase`
        report('ExposeProtoCasing', instruction.range, message)
      }
      if (!port.includes(':')) continue
      const message = `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`
      report('ExposeInvalidFormat', instruction.range, message)
    }
  }
}

/** A folder that an exception opens again is no mistake: that is how lists of what to let in look. */
export const copyIgnoredFile: Rule = (input, report) => {
  const { facts } = input
  for (const { instruction, scope } of scopedInstructions(input)) {
    for (const written of contextSources(instruction)) {
      const source = valueIn(input, scope, written) ?? ''
      if (source === '' || /[*?[]/.test(source)) continue
      const path = posix.normalize(source).replace(/^\/+|\/+$/g, '')
      if (!facts.isIgnored(path) || facts.hasExceptionBelow(path)) continue
      const verb = instruction.kind === 'add' ? 'Add' : 'Copy'
      const message = `Attempting to ${verb} file "${source}" that is excluded by .dockerignore`
      report('CopyIgnoredFile', instruction.range, message)
    }
  }
}

/** Literal paths that an instruction reads from the main context. */
function contextSources(instruction: LocatedInstruction): readonly string[] {
  if (instruction.kind !== 'copy' && instruction.kind !== 'add') return []
  if (instruction.kind === 'copy' && instruction.from !== undefined) return []
  return instruction.sources.filter(
    (source) =>
      !heredocOfSource(source, instruction.heredocs) && !isHttpUrl(source) && !isGitUrl(source),
  )
}

/** `# name description` above a stage or an ARG is what `--call=outline` shows. */
export const invalidDefinitionDescription: Rule = ({ dockerfile }, report) => {
  for (const instruction of dockerfile.instructions) {
    const names = definedNames(instruction)
    const [first] = names
    const word = instruction.comments.at(-1)?.split(' ', 1)[0]
    if (first === undefined || word === undefined || names.includes(word)) continue
    const example = names.length === 1 ? first : '<arg_key>'
    const message = `Comment for ${instruction.kind.toUpperCase()} should follow the format: \`# ${example} <description>\``
    report('InvalidDefinitionDescription', instruction.range, message)
  }
}

function definedNames(instruction: LocatedInstruction): readonly string[] {
  if (instruction.kind === 'from') return instruction.name === undefined ? [] : [instruction.name]
  return instruction.kind === 'arg' ? instruction.args.map(({ key }) => key) : []
}
