/** `gantry build --why`: what made a step's key differ from the nearest cached one. */
import type { BuildCache } from '#build/cache/store.ts'
import type { FileChange, Listings } from '#build/content/listings.ts'
import type { InputIngredient, KeyIngredients, SolveEvent } from '#build/solver/types.ts'

export type Reason =
  | { readonly kind: 'never-built' }
  /** The build asked for it. */
  | { readonly kind: 'no-cache' }
  /** It was built just like this, but its result is not kept any more. */
  | { readonly kind: 'not-kept' }
  | { readonly kind: 'instruction-changed'; readonly changes: readonly ValueChange[] }
  /** `was`: its name then, when it is another vertex now. */
  | { readonly kind: 'parent-changed'; readonly input: number; readonly was?: string }
  | {
      readonly kind: 'files-changed'
      readonly input: number
      /** Absent when the files of then are not known any more. */
      readonly files?: readonly FileChange[]
    }

/** Something that an instruction says or uses. */
export interface ValueChange {
  /** `instruction`, `variable V`, or a member of the operation. */
  readonly what: string
  readonly was?: string
  readonly is?: string
}

export type StartedVertex = Extract<SolveEvent, { type: 'started' }>

export interface WhyDeps {
  readonly cache: Pick<BuildCache, 'findNearest'>
  readonly listings: Pick<Listings, 'compare'>
}

export function explainMiss(
  {
    vertex,
    miss,
  }: Pick<StartedVertex, 'miss'> & {
    readonly vertex: Pick<StartedVertex['vertex'], 'ignoresCache'>
  },
  { cache, listings }: WhyDeps,
): readonly Reason[] {
  if (vertex.ignoresCache) return [{ kind: 'no-cache' }]
  const nearest = cache.findNearest(miss)?.ingredients
  if (!nearest) return [{ kind: 'never-built' }]
  const reasons: Reason[] = []
  const changes = miss.op === nearest.op ? [] : compareDefinitions(miss, nearest)
  if (changes.length > 0) reasons.push({ kind: 'instruction-changed', changes })
  // Inputs of another instruction are other inputs.
  if (miss.text === nearest.text) reasons.push(...compareInputs(miss, nearest, listings))
  return reasons.length === 0 ? [{ kind: 'not-kept' }] : reasons
}

function compareInputs(
  miss: KeyIngredients,
  nearest: KeyIngredients,
  listings: WhyDeps['listings'],
): Reason[] {
  return miss.inputs.flatMap((is, input): Reason[] => {
    const was = nearest.inputs[input]
    // A source is keyed by what it names: its operation says that already.
    const isSource = is.name === undefined
    if (isSource || is.digest === was?.digest) return []
    if (is.use === 'selection') {
      const files = compareFiles(listings, was, is)
      return [{ kind: 'files-changed', input, ...(files && { files }) }]
    }
    const isRenamed = was?.name !== undefined && withoutLabel(was) !== withoutLabel(is)
    return [{ kind: 'parent-changed', input, ...(isRenamed && { was: was.name }) }]
  })
}

function compareFiles(
  listings: WhyDeps['listings'],
  was: InputIngredient | undefined,
  is: InputIngredient,
): readonly FileChange[] | undefined {
  if (!was?.digest || !is.digest) return undefined
  return listings.compare(was.digest, is.digest)
}

/** Steps are numbered anew when one is added. */
function withoutLabel({ name = '' }: InputIngredient): string {
  return name.replace(/^\[[^\]]*\] /, '')
}

function compareDefinitions(miss: KeyIngredients, nearest: KeyIngredients): ValueChange[] {
  if (miss.text !== nearest.text) {
    return [{ what: 'instruction', was: nearest.text, is: miss.text }]
  }
  const was = membersOf(nearest)
  const is = membersOf(miss)
  if (!was || !is) return [{ what: 'instruction' }]
  return [...new Set([...was.keys(), ...is.keys()])].flatMap((what) => {
    const [before, after] = [was.get(what), is.get(what)]
    if (before === after) return []
    return [
      {
        what,
        ...(before !== undefined && { was: before }),
        ...(after !== undefined && { is: after }),
      },
    ]
  })
}

/** Members of the operation as texts, each variable of its environment one of them. */
function membersOf({ definition }: KeyIngredients): Map<string, string> | undefined {
  if (definition === undefined) return undefined
  const op: Readonly<Record<string, unknown>> = JSON.parse(definition)
  const members = new Map<string, string>()
  for (const [name, value] of Object.entries(op)) {
    if (name === 'env' && Array.isArray(value)) {
      for (const entry of value.map(String)) {
        const equals = entry.indexOf('=')
        members.set(`variable ${entry.slice(0, equals)}`, entry.slice(equals + 1))
      }
    } else members.set(name, textOf(value))
  }
  return members
}

function textOf(value: unknown): string {
  if (typeof value === 'string') return value
  const isWords = Array.isArray(value) && value.every((word) => typeof word === 'string')
  return isWords ? value.join(' ') : JSON.stringify(value)
}
