/** Rules about variables that nothing defines. */
import { suggestion } from '#build/dockerfile/suggest.ts'
import type { Dockerfile, FromInstruction, LocatedInstruction } from '#build/dockerfile/types.ts'
import { expandHeredoc, expandWord } from '#build/dockerfile/words.ts'
import { findIn, scopedInstructions, type Scoped } from '#build/lint/scopes.ts'
import type { Rule } from '#build/lint/types.ts'
import { parseReference } from '#oci/reference.ts'

const platformNames = ['PLATFORM', 'OS', 'ARCH', 'VARIANT']
const predefinedInFrom = [
  ...platformNames.flatMap((name) => [`TARGET${name}`, `BUILD${name}`]),
  'TARGETSTAGE',
]

export const undefinedArgInFrom: Rule = ({ dockerfile }, report) => {
  const names = dockerfile.globalArgs.flatMap(({ args }) => args.map(({ key }) => key))
  const declared = [...names, ...predefinedInFrom]
  for (const { from } of dockerfile.stages) {
    for (const name of fromNames(dockerfile, from)) {
      if (declared.includes(name)) continue
      const message = `FROM argument '${name}' is not declared${suggestion(name, declared)}`
      report('UndefinedArgInFrom', from.range, message)
    }
  }
}

function fromNames(dockerfile: Dockerfile, { image, platform = '' }: FromInstruction): Set<string> {
  return readNames(dockerfile, {
    texts: [image, platform],
    find: () => undefined,
    expand: expandWord,
  })
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

/** Defaults (`${v:-w}`) do not excuse a variable, as in BuildKit. */
export const undefinedVar: Rule = (input, report) => {
  for (const scoped of scopedInstructions(input)) {
    const { instruction, scope } = scoped
    if (!scope.isBaseKnown) continue
    const known = [...input.facts.globals.keys(), ...scope.values.keys()]
    for (const name of undefinedNames(input.dockerfile, scoped)) {
      const message = `Usage of undefined variable '$${name}'${suggestion(name, known, '$')}`
      report('UndefinedVar', instruction.range, message)
    }
  }
}

function undefinedNames(dockerfile: Dockerfile, { instruction, scope }: Scoped): string[] {
  const find = (name: string) => findIn(scope, name)
  const texts = expandedTexts(instruction)
  const read = readNames(dockerfile, { texts, find, expand: expandWord })
  const bodies = { texts: heredocBodies(instruction), find, expand: expandHeredoc }
  return [...new Set([...read, ...readNames(dockerfile, bodies)])].filter(
    (name) => find(name) === undefined && !scope.declared.has(name),
  )
}

function heredocBodies(instruction: LocatedInstruction): readonly string[] {
  if (instruction.kind !== 'copy' && instruction.kind !== 'add') return []
  return instruction.heredocs.filter(({ expands }) => expands).map(({ body }) => body)
}

interface Reading {
  readonly texts: readonly string[]
  readonly find: (name: string) => string | undefined
  readonly expand: typeof expandWord
}

/** Names that the texts read. */
function readNames(dockerfile: Dockerfile, { texts, find, expand }: Reading): Set<string> {
  const names = new Set<string>()
  const { escape } = dockerfile.directives
  const variables = { find, onRead: (name: string) => void names.add(name) }
  try {
    for (const text of texts) expand(text, { escape, variables })
  } catch {
    // A word that cannot be expanded fails the build with a better text than a check has.
  }
  return names
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
      return [
        instruction.chown ?? '',
        instruction.chmod ?? '',
        ...instruction.sources,
        instruction.destination,
      ]
    case 'run':
      return instruction.mounts
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
