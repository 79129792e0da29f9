/**
 * From stages to what must be built: base names expanded, references between
 * stages found, unreachable stages dropped. Pure; the images it names are
 * resolved by the caller before the stages are lowered.
 */
import { EngineError, errorMessage } from '#base/errors.ts'
import { type BuildOptions, globalVariables } from '#build/graph/options.ts'
import { sourceError } from '#build/dockerfile/source.ts'
import { parseMountFlag } from '#build/graph/mount-flags.ts'
import type { Dockerfile, LocatedInstruction, Stage } from '#build/dockerfile/types.ts'
import { processWord } from '#build/dockerfile/words.ts'
import { parsePlatform } from '#oci/platform.ts'
import { parseReference } from '#oci/reference.ts'

/** What FROM, `COPY --from` or a mount's `from` names. */
export type Base =
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'scratch' }
  /** A `--build-context` of that name. */
  | { readonly kind: 'context'; readonly name: string }
  | { readonly kind: 'image'; readonly reference: string; readonly platform: string | undefined }

export interface PlannedStage {
  readonly stage: Stage
  readonly base: Base
  /** What its instructions read from, by the name as written. */
  readonly sources: ReadonlyMap<string, Base>
}

export interface StagePlan {
  /** Reachable stages in file order; the target is the last. */
  readonly stages: readonly PlannedStage[]
}

/** @throws EngineError not_found for an unknown target, invalid_argument for blank names and circles */
export function planStages(dockerfile: Dockerfile, options: BuildOptions): StagePlan {
  const planned = planEachStage(dockerfile, options)
  const target = findTarget(dockerfile, options.target)
  const reachable = new Set<number>()
  visit(target.index, [])
  return { stages: planned.filter(({ stage }) => reachable.has(stage.index)) }

  function visit(index: number, path: readonly number[]): void {
    const here = planned[index]
    if (!here) return
    if (path.includes(index)) throw circular(dockerfile, here.stage)
    if (reachable.has(index)) return
    for (const base of [here.base, ...here.sources.values()]) {
      if (base.kind === 'stage') visit(base.index, [...path, index])
    }
    reachable.add(index)
  }
}

/** Every stage, also those that the target does not need. @throws EngineError invalid_argument */
export function planEachStage(dockerfile: Dockerfile, options: BuildOptions): PlannedStage[] {
  return dockerfile.stages.map((stage) => planStage(dockerfile, stage, options))
}

function circular(dockerfile: Dockerfile, stage: Stage): EngineError {
  const name = stage.name ?? String(stage.index)
  return sourceError(dockerfile.file, stage.from, `circular dependency detected on stage: ${name}`)
}

function findTarget(dockerfile: Dockerfile, target: string | undefined): Stage {
  const last = dockerfile.stages.at(-1)
  if (!last)
    throw new EngineError('internal', 'plan stages: a Dockerfile without stages was parsed')
  if (target === undefined || target === '') return last
  const wanted = target.toLowerCase()
  const found =
    dockerfile.stages.findLast(({ name }) => name === wanted) ?? dockerfile.stages[Number(target)]
  if (!found) {
    throw new EngineError('not_found', `target stage "${target}" could not be found`)
  }
  return found
}

function planStage(dockerfile: Dockerfile, stage: Stage, options: BuildOptions): PlannedStage {
  const variables = globalVariables(dockerfile, options)
  const expand = (text: string) =>
    processWord(text, { escape: dockerfile.directives.escape, variables })
  const base = located(dockerfile, stage.from, () =>
    planBase(dockerfile, stage, { options, expand }),
  )
  const sources = new Map<string, Base>()
  const context = {
    earlier: dockerfile.stages,
    options,
    platform: undefined,
    numbersAreStages: true,
  }
  for (const instruction of stage.instructions) {
    located(dockerfile, instruction, () => {
      for (const name of sourceNames(instruction)) sources.set(name, resolveBase(name, context))
    })
  }
  return { stage, base, sources }
}

interface BaseContext {
  readonly options: BuildOptions
  readonly expand: (text: string) => string
}

function planBase(dockerfile: Dockerfile, stage: Stage, { options, expand }: BaseContext): Base {
  const { image, platform } = stage.from
  const name = expand(image)
  if (name === '')
    throw new EngineError('invalid_argument', `base name (${image}) should not be blank`)
  const base = resolveBase(name, {
    earlier: dockerfile.stages.slice(0, stage.index),
    options,
    platform: platform === undefined ? undefined : expandPlatform(platform, expand),
    numbersAreStages: false,
  })
  if (base.kind === 'image') checkImageBase(base)
  return base
}

function expandPlatform(text: string, expand: (text: string) => string): string {
  const platform = expand(text)
  if (platform !== '') return platform
  throw new EngineError('invalid_argument', `empty platform value from expression ${text}`)
}

function checkImageBase({ reference, platform }: Extract<Base, { kind: 'image' }>): void {
  try {
    parseReference(reference)
  } catch (error) {
    const why = errorMessage(error).replace(/^.*: (?=invalid reference format)/, '')
    throw new EngineError('invalid_argument', `failed to parse stage name "${reference}": ${why}`)
  }
  try {
    if (platform !== undefined) parsePlatform(platform)
  } catch (error) {
    const detail = `failed to parse platform ${platform}: ${errorMessage(error)}`
    throw new EngineError('invalid_argument', detail, { cause: error })
  }
}

/** Points failures of `work` at the instruction. */
function located<T>(dockerfile: Dockerfile, instruction: LocatedInstruction, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw sourceError(dockerfile.file, instruction, errorMessage(error))
  }
}

interface ResolveContext {
  /** Stages that the name may mean; the latest of a name wins. */
  readonly earlier: readonly Stage[]
  readonly options: BuildOptions
  readonly platform: string | undefined
  readonly numbersAreStages: boolean
}

function resolveBase(name: string, context: ResolveContext): Base {
  if (context.numbersAreStages && /^\d+$/.test(name)) {
    if (Number(name) < context.earlier.length) return { kind: 'stage', index: Number(name) }
    throw new EngineError('invalid_argument', `invalid stage index ${name}`)
  }
  const stage = context.earlier.findLast((candidate) => candidate.name === name.toLowerCase())
  if (stage) return { kind: 'stage', index: stage.index }
  if (context.options.contexts.has(name)) return { kind: 'context', name }
  if (name === 'scratch') return { kind: 'scratch' }
  return { kind: 'image', reference: name, platform: context.platform }
}

function copySource(from: string | undefined): string[] {
  if (from?.includes('$') !== true) return from === undefined ? [] : [from]
  throw new EngineError(
    'invalid_argument',
    'variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
  )
}

/** Names that an instruction reads from: `COPY --from`, `RUN --mount=…,from=`. */
function sourceNames(instruction: LocatedInstruction): string[] {
  if (instruction.kind === 'onbuild') return []
  if (instruction.kind === 'copy') return copySource(instruction.from)
  if (instruction.kind !== 'run') return []
  return instruction.mounts.flatMap((mount) => {
    const { from } = parseMountFlag(mount)
    return from === undefined ? [] : [from]
  })
}
