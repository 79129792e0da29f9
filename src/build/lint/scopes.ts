/** What each instruction of a stage sees: values of variables, and what earlier ones set. */
import type { LocatedInstruction, Stage } from '#build/dockerfile/types.ts'
import { expandWord } from '#build/dockerfile/words.ts'
import type { BaseFacts, LintFacts, LintInput } from '#build/lint/types.ts'

export interface Scope {
  /** Values of ENV and ARG, the later instruction winning. */
  readonly values: Map<string, string>
  /** ARGs, with or without a value. */
  readonly declared: Set<string>
  /** False when the base image is not here, so that nobody knows its ENV. */
  readonly isBaseKnown: boolean
  hasShell: boolean
  hasWorkdir: boolean
}

export interface Scoped {
  readonly instruction: LocatedInstruction
  /** As it is before the instruction. */
  readonly scope: Scope
  /** Values after it. */
  readonly after: ReadonlyMap<string, string>
}

/** What scopes depend on. */
export interface ScopeInput {
  readonly dockerfile: LintInput['dockerfile']
  readonly facts: Pick<LintFacts, 'base' | 'isReached' | 'buildArgs' | 'globals'>
}

/** All instructions of the stages that are looked into, in order. */
export function* scopedInstructions(input: ScopeInput): Generator<Scoped> {
  const ends = new Map<string, Scope>()
  for (const stage of input.dockerfile.stages) {
    const scope = openScope(input, stage, ends)
    for (const instruction of stage.instructions) {
      const before = { ...scope, values: new Map(scope.values), declared: new Set(scope.declared) }
      advance(input, scope, instruction)
      if (input.facts.isReached(stage.index))
        yield { instruction, scope: before, after: new Map(scope.values) }
    }
    if (stage.name !== undefined) ends.set(stage.name, scope)
  }
}

export function findIn({ values }: Scope, name: string): string | undefined {
  return values.get(name)
}

/** Undefined where the word cannot be expanded, which fails the build with a better text. */
export function valueIn(input: ScopeInput, scope: Scope, text: string): string | undefined {
  const { escape } = input.dockerfile.directives
  try {
    return expandWord(text, { escape, variables: { find: (name) => findIn(scope, name) } })
  } catch {
    return undefined
  }
}

function openScope(input: ScopeInput, stage: Stage, ends: ReadonlyMap<string, Scope>): Scope {
  const { facts } = input
  const globals = { ...emptyScope(undefined), values: new Map(facts.globals) }
  const image = valueIn(input, globals, stage.from.image) ?? ''
  const parent = ends.get(image.toLowerCase())
  if (!parent) return emptyScope(facts.base(stage.index))
  return {
    ...parent,
    values: new Map(parent.values),
    declared: new Set(parent.declared),
  }
}

function emptyScope(base: BaseFacts | undefined): Scope {
  return {
    values: new Map([['PATH', ''], ...(base?.env ?? [])]),
    declared: new Set(),
    isBaseKnown: base !== undefined,
    hasShell: base?.hasShell ?? false,
    hasWorkdir: false,
  }
}

function advance(input: ScopeInput, scope: Scope, instruction: LocatedInstruction): void {
  switch (instruction.kind) {
    case 'arg':
      for (const { key, value } of instruction.args) {
        const fallback =
          value === undefined ? input.facts.globals.get(key) : valueIn(input, scope, value)
        const chosen = input.facts.buildArgs.get(key) ?? fallback
        scope.declared.add(key)
        if (chosen !== undefined) scope.values.set(key, chosen)
      }
      return
    case 'env': {
      const values = instruction.pairs.map(({ key, value }) => ({
        key: valueIn(input, scope, key) ?? key,
        value: valueIn(input, scope, value) ?? '',
      }))
      for (const { key, value } of values) scope.values.set(key, value)
      return
    }
    case 'shell':
      scope.hasShell = true
      return
    case 'workdir':
      scope.hasWorkdir = true
      return
    default:
  }
}
