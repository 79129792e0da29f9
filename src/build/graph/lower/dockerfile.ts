/**
 * Lowering: planned stages and the configs of their base images become one
 * graph. Pure: everything from outside was resolved before.
 */
import { EngineError } from '#base/errors.ts'
import { parseInstruction } from '#build/dockerfile/parse.ts'
import type { Dockerfile, LocatedInstruction } from '#build/dockerfile/types.ts'
import { createGraphBuilder, type GraphBuilder } from '#build/graph/builder.ts'
import type { LowerContext } from '#build/graph/lower/context.ts'
import { lowerInstruction, type StageFacts } from '#build/graph/lower/instruction.ts'
import { type BuildOptions, globalValues, sourceDateEpoch } from '#build/graph/options.ts'
import type { Base, PlannedStage, StagePlan } from '#build/graph/plan.ts'
import {
  defaultPath,
  envList,
  envMap,
  inheritStage,
  type StageState,
} from '#build/graph/stage-state.ts'
import type { BuildGraph, ImageOp, VertexId } from '#build/graph/types.ts'
import type { ImageConfig, Platform } from '#oci/descriptor.ts'
import { formatPlatform } from '#oci/platform.ts'
import { findReference, formatReference, withDefaultTag } from '#oci/reference.ts'

/** A base image pinned to the digest that its tag named when the build began. */
export interface ResolvedBase {
  readonly op: ImageOp
  readonly config: ImageConfig
}

export interface LowerInput {
  readonly dockerfile: Dockerfile
  readonly plan: StagePlan
  readonly options: BuildOptions
  /** The image behind a reference; resolved for every `image` base of the plan. */
  readonly resolved: (base: Extract<Base, { kind: 'image' }>) => ResolvedBase
}

interface Lowering extends LowerInput {
  readonly builder: GraphBuilder
  readonly globals: ReadonlyMap<string, string>
  readonly states: Map<number, StageState>
}

/** @throws EngineError pointing at the line that cannot be lowered */
export function lowerDockerfile(input: LowerInput): BuildGraph {
  const globals = globalValues(input.dockerfile, input.options)
  const builder = createGraphBuilder(sourceDateEpoch(input.options))
  const lowering: Lowering = { ...input, builder, globals, states: new Map() }
  for (const planned of ordered(input.plan)) {
    lowering.states.set(planned.stage.index, lowerStage(lowering, planned))
  }
  const target = input.plan.stages.at(-1)
  const state = target && lowering.states.get(target.stage.index)
  if (!state) throw new EngineError('internal', 'lower Dockerfile: the plan has no target')
  return {
    vertices: lowering.builder.vertices,
    root: state.root,
    layers: state.layers,
    config: imageConfig(lowering, state),
  }
}

/** Stages after everything that they read from: COPY --from may name a later stage. */
function ordered(plan: StagePlan): readonly PlannedStage[] {
  const byIndex = new Map(plan.stages.map((planned) => [planned.stage.index, planned]))
  const done = new Set<PlannedStage>()
  const add = (planned: PlannedStage) => {
    if (done.has(planned)) return
    for (const base of [planned.base, ...planned.sources.values()]) {
      const needed = base.kind === 'stage' ? byIndex.get(base.index) : undefined
      if (needed) add(needed)
    }
    done.add(planned)
  }
  for (const planned of plan.stages) add(planned)
  return [...done]
}

function lowerStage(lowering: Lowering, planned: PlannedStage): StageState {
  const triggers = onBuildOf(lowering, planned.base).map((trigger) => parseInstruction(trigger))
  const instructions = [...triggers, ...planned.stage.instructions]
  // Fetching a base image counts as a step.
  let step = planned.base.kind === 'image' ? 1 : 0
  const steps = instructions.filter(makesLayer).length + step
  const state = baseState(lowering, planned.base, stepLabel(lowering, planned, { step, steps }))
  if (triggers.length > 0) state.config = withoutTriggers(state.config)
  const facts: StageFacts = { hasOwnCmd: false }
  for (const instruction of instructions) {
    if (makesLayer(instruction)) step++
    const label = stepLabel(lowering, planned, { step, steps })
    lowerInstruction(stageContext(lowering, planned, { state, label }), instruction, facts)
  }
  return state
}

function withoutTriggers(config: StageState['config']): StageState['config'] {
  const { OnBuild: _, ...rest } = config
  return rest
}

function makesLayer({ kind }: LocatedInstruction): boolean {
  return kind === 'run' || kind === 'copy' || kind === 'add' || kind === 'workdir'
}

function stepLabel(
  lowering: Lowering,
  { stage, base }: PlannedStage,
  { step, steps }: { readonly step: number; readonly steps: number },
): string {
  const hasOthers = lowering.dockerfile.stages.length > 1
  const name = stage.name ?? (hasOthers ? `stage-${stage.index}` : '')
  const place = [shownPlatform(lowering, base), name].filter((part) => part !== '')
  const number = String(step).padStart(String(steps).length)
  return `[${[...place, `${number}/${steps}`].join(' ')}] `
}

/** `linux/amd64`; with what it builds for, where that is another: `linux/amd64->arm64`. */
function shownPlatform(lowering: Lowering, base: Base): string {
  const { showsPlatforms = false, targetPlatform } = lowering.options
  if (!showsPlatforms) return ''
  const own = formatPlatform(platformOf(lowering, base))
  const target = formatPlatform(targetPlatform)
  return own === target ? own : `${own}->${target.replace(/^[^/]*\//, '')}`
}

function platformOf({ states, resolved, options }: Lowering, base: Base): Platform {
  if (base.kind === 'image') return resolved(base).op.platform
  const parent = base.kind === 'stage' ? states.get(base.index) : undefined
  return parent?.platform ?? options.targetPlatform
}

function stageContext(
  lowering: Lowering,
  planned: PlannedStage,
  { state, label }: { readonly state: StageState; readonly label: string },
): LowerContext {
  const { builder, dockerfile, options, globals } = lowering
  const { uncachedStages } = options
  const { name } = planned.stage
  return {
    builder,
    dockerfile,
    options,
    globals,
    state,
    label,
    platform: state.platform,
    ignoresCache: uncachedStages === 'all' || (name !== undefined && uncachedStages.has(name)),
    scratchRoot: () => scratchVertex(builder),
    contextRoot: () => contextVertex(builder, 'context'),
    sourceRoot: (source) => {
      const base = planned.sources.get(source)
      if (!base) throw new EngineError('invalid_argument', `invalid from flag value ${source}`)
      return rootOf(lowering, base)
    },
  }
}

function scratchVertex(builder: GraphBuilder): VertexId {
  return builder.add({ kind: 'scratch' }, [], { name: 'scratch' })
}

function contextVertex(builder: GraphBuilder, name: string): VertexId {
  const label = name === 'context' ? '[internal] load build context' : `[context ${name}] load`
  return builder.add({ kind: 'context', name }, [], { name: label })
}

/** @param label of the stage that begins with it; what is only read has none */
function rootOf(lowering: Lowering, base: Base, label = ''): VertexId {
  switch (base.kind) {
    case 'stage': {
      const state = lowering.states.get(base.index)
      if (!state)
        throw new EngineError(
          'internal',
          `lower Dockerfile: stage ${base.index} is not lowered yet`,
        )
      return state.root
    }
    case 'scratch':
      return scratchVertex(lowering.builder)
    case 'context':
      return contextVertex(lowering.builder, base.name)
    case 'image': {
      const { op } = lowering.resolved(base)
      const reference = findReference(op.reference)
      const text = `FROM ${reference ? formatReference(withDefaultTag(reference)) : op.reference}`
      const pin = reference?.digest === undefined ? `@${op.digest}` : ''
      return lowering.builder.add(op, [], {
        name: `${label}${text}${pin}`,
        writtenName: text,
      })
    }
  }
}

/** The instructions that the base keeps for stages that begin with it. */
function onBuildOf(lowering: Lowering, base: Base): readonly string[] {
  const config =
    base.kind === 'stage'
      ? lowering.states.get(base.index)?.config
      : base.kind === 'image'
        ? lowering.resolved(base).config.config
        : undefined
  return config?.OnBuild ?? []
}

function baseState(lowering: Lowering, base: Base, label: string): StageState {
  if (base.kind === 'stage') {
    const parent = lowering.states.get(base.index)
    if (!parent)
      throw new EngineError('internal', `lower Dockerfile: stage ${base.index} is not lowered yet`)
    return inheritStage(parent)
  }
  const resolved = base.kind === 'image' ? lowering.resolved(base) : undefined
  const image = resolved?.config
  const given = image?.config ?? (base.kind === 'scratch' ? { WorkingDir: '/' } : {})
  const env = envMap(given.Env)
  // An image always names a search path, also where its base has none.
  if (!env.has('PATH')) env.set('PATH', defaultPath)
  const config = { ...given, Env: envList(env) }
  return {
    platform: resolved?.op.platform ?? lowering.options.targetPlatform,
    root: rootOf(lowering, base, label),
    layers: [],
    env,
    args: new Set(),
    values: new Map(env),
    shell: config.Shell ?? ['/bin/sh', '-c'],
    config,
    author: image?.author,
    history: [...(image?.history ?? [])],
  }
}

function imageConfig({ options }: Lowering, state: StageState): ImageConfig {
  const { os, architecture, variant } = options.targetPlatform
  const labels = { ...state.config.Labels, ...options.labels }
  return {
    architecture,
    os,
    ...(variant !== undefined && { variant }),
    ...(state.author !== undefined && { author: state.author }),
    config: { ...state.config, ...(Object.keys(labels).length > 0 && { Labels: labels }) },
    rootfs: { type: 'layers', diff_ids: [] },
    history: state.history,
  }
}
