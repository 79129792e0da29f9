/** Rules about variables that nothing defines. */
import { nearestKeyword } from '#build/dockerfile/suggest.ts'
import type { Dockerfile, LocatedInstruction, Stage } from '#build/dockerfile/types.ts'
import { expandWord } from '#build/dockerfile/words.ts'
import { proxyArgs } from '#build/graph/options.ts'
import type { LintInput, Report, Rule } from '#build/lint/types.ts'
import { parseReference } from '#oci/reference.ts'

const platformNames = ['PLATFORM', 'OS', 'ARCH', 'VARIANT']
const predefinedInFrom = new Set([
  ...platformNames.flatMap((name) => [`TARGET${name}`, `BUILD${name}`]),
  'TARGETSTAGE',
])

export const undefinedArgInFrom: Rule = ({ dockerfile }, report) => {
  const declared = new Set(dockerfile.globalArgs.flatMap(({ args }) => args.map(({ key }) => key)))
  for (const { from } of dockerfile.stages) {
    for (const name of readNames(dockerfile, [from.image, from.platform ?? ''])) {
      if (declared.has(name) || predefinedInFrom.has(name) || proxyArgs.has(name)) continue
      const message = `FROM argument '${name}' is not declared${suggestion(name, declared, '')}`
      report('UndefinedArgInFrom', from.range, message)
    }
  }
}

/** With only the defaults of its ARGs, a FROM should still name an image. */
export const invalidDefaultArgInFrom: Rule = ({ dockerfile }, report) => {
  const values = new Map<string, string>()
  const { escape } = dockerfile.directives
  const variables = { find: (name: string) => values.get(name) }
  for (const { args } of dockerfile.globalArgs) {
    for (const { key, value } of args) {
      if (value !== undefined) values.set(key, expandWord(value, { escape, variables }))
    }
  }
  for (const { from } of dockerfile.stages) {
    if (!from.image.includes('$')) continue
    if (isReference(expandWord(from.image, { escape, variables }))) continue
    const message = `Default value for ARG ${from.image} results in empty or invalid base image name`
    report('InvalidDefaultArgInFrom', from.range, message)
  }
}

function isReference(text: string): boolean {
  try {
    parseReference(text)
    return true
  } catch {
    return false
  }
}

export const undefinedVar: Rule = (input, report) => {
  const known = new Map<string, Set<string>>()
  for (const stage of input.dockerfile.stages) {
    const names = inheritedNames(input, stage, known)
    if (stage.name !== undefined) known.set(stage.name, names)
    for (const instruction of stage.instructions)
      checkInstruction(input, { instruction, names, report })
  }
}

function inheritedNames(
  { facts }: LintInput,
  stage: Stage,
  known: ReadonlyMap<string, Set<string>>,
): Set<string> {
  const parent = known.get(stage.from.image.toLowerCase())
  return new Set(parent ?? [...facts.baseEnv(stage.index), 'PATH'])
}

interface Check {
  readonly instruction: LocatedInstruction
  readonly names: Set<string>
  readonly report: Report
}

function checkInstruction({ dockerfile }: LintInput, { instruction, names, report }: Check): void {
  for (const name of readNames(dockerfile, expandedTexts(instruction))) {
    if (names.has(name) || proxyArgs.has(name)) continue
    const message = `Usage of undefined variable '$${name}'${suggestion(name, names, '$')}`
    report('UndefinedVar', instruction.range, message)
  }
  if (instruction.kind === 'arg') for (const { key } of instruction.args) names.add(key)
  if (instruction.kind === 'env') for (const { key } of instruction.pairs) names.add(key)
}

/** Names without a default operator that the texts read. */
function readNames(dockerfile: Dockerfile, texts: readonly string[]): Set<string> {
  const names = new Set<string>()
  const { escape } = dockerfile.directives
  const variables = { find: () => undefined, onRead: (name: string) => void names.add(name) }
  try {
    for (const text of texts) expandWord(withoutDefaults(text), { escape, variables })
  } catch {
    // A word that cannot be expanded fails the build with a better text than a check has.
  }
  return names
}

function withoutDefaults(text: string): string {
  return text.replaceAll(/\$\{\w+:?[-+?][^}]*\}/g, '')
}

function expandedTexts(instruction: LocatedInstruction): readonly string[] {
  switch (instruction.kind) {
    case 'env':
    case 'label':
      return instruction.pairs.flatMap(({ key, value }) => [key, value])
    case 'arg':
      return instruction.args.flatMap(({ value }) => (value === undefined ? [] : [value]))
    case 'add':
    case 'copy':
      return [...instruction.sources, instruction.destination, instruction.chown ?? '']
    case 'expose':
      return instruction.ports
    case 'stopsignal':
      return [instruction.signal]
    case 'user':
      return [instruction.user]
    case 'volume':
      return instruction.volumes
    case 'workdir':
      return [instruction.path]
    default:
      return []
  }
}

function suggestion(name: string, known: ReadonlySet<string>, prefix: string): string {
  const nearest = nearestKeyword(name, [...known])
  return nearest === undefined ? '' : ` (did you mean ${prefix}${nearest}?)`
}
