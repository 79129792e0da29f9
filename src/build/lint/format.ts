import { heredocOfSource } from '#build/dockerfile/copy.ts'
import type { LocatedInstruction } from '#build/dockerfile/types.ts'
import { isGitUrl, isHttpUrl } from '#build/graph/urls.ts'
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
    const name = instruction.kind.toUpperCase()
    const message = `"${name} key=value" should be used instead of legacy "${name} key value" format`
    report('LegacyKeyValueFormat', instruction.range, message)
  }
}

export const exposeFormat: Rule = ({ dockerfile }, report) => {
  for (const instruction of dockerfile.instructions) {
    if (instruction.kind !== 'expose') continue
    for (const port of instruction.ports.filter((word) => !word.includes('$'))) {
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

export const copyIgnoredFile: Rule = ({ dockerfile, facts }, report) => {
  for (const instruction of dockerfile.instructions) {
    for (const source of contextSources(instruction)) {
      if (!facts.isIgnored(source.replace(/^\.?\/+/, ''))) continue
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
      !heredocOfSource(source, instruction.heredocs) &&
      !/[$*?[]/.test(source) &&
      !isHttpUrl(source) &&
      !isGitUrl(source),
  )
}

/** `# name description` above a stage or an ARG is what `--call=outline` shows. */
export const invalidDefinitionDescription: Rule = ({ dockerfile }, report) => {
  for (const instruction of dockerfile.instructions) {
    const name = definedName(instruction)
    const comment = instruction.comments.at(-1)
    if (name === undefined || comment === undefined || comment === '') continue
    if (comment.toLowerCase().startsWith(`${name.toLowerCase()} `)) continue
    const keyword = instruction.keyword.toUpperCase()
    const message = `Comment for ${keyword === 'FROM' ? 'build stage' : 'build argument'} should follow the format: \`# ${name} <description>\``
    report('InvalidDefinitionDescription', instruction.range, message)
  }
}

function definedName(instruction: LocatedInstruction): string | undefined {
  if (instruction.kind === 'from') return instruction.name
  return instruction.kind === 'arg' ? instruction.args[0]?.key : undefined
}
