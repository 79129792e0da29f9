/** From the text of a Dockerfile to a graph, for one platform. */
import { EngineError } from '#base/errors.ts'
import { lintFacts } from '#build/builder/lint-facts.ts'
import type { BuildProgress } from '#build/builder/progress.ts'
import { resolveBases, type ResolvedBases } from '#build/builder/resolve.ts'
import { parseDockerfile } from '#build/dockerfile/parse.ts'
import { sourceError } from '#build/dockerfile/source.ts'
import type { Dockerfile } from '#build/dockerfile/types.ts'
import { lowerDockerfile } from '#build/graph/lower/dockerfile.ts'
import type { BuildOptions } from '#build/graph/options.ts'
import { type Base, planStages, type StagePlan } from '#build/graph/plan.ts'
import type { BuildGraph } from '#build/graph/types.ts'
import { lintDockerfile } from '#build/lint/lint.ts'
import type { Warning } from '#build/lint/types.ts'
import type { BuildRequest, ContextSource } from '#build/types.ts'
import type { Images } from '#image/types.ts'
import type { Platform } from '#oci/descriptor.ts'
import { hostPlatform } from '#oci/platform.ts'

export interface PlannedBuild {
  readonly graph: BuildGraph
  readonly bases: ResolvedBases
}

export interface PlanDeps {
  readonly images: Images
  readonly progress: BuildProgress
}

/** @throws EngineError pointing at the source, or from resolving a base image */
export async function planBuild(
  deps: PlanDeps,
  { request, platform }: { readonly request: BuildRequest; readonly platform: Platform },
  signal: AbortSignal,
): Promise<PlannedBuild> {
  const dockerfile = parse(request)
  const options = optionsOf(request, platform)
  const plan = withContextImages(planStages(dockerfile, options), request.contexts)
  const around = deps.progress.around
  const { images } = deps
  const bases = await resolveBases(plan, { images, request, platform, around }, signal)
  lint({ dockerfile, plan, bases, options }, deps.progress)
  const graph = lowerDockerfile({ dockerfile, plan, options, resolved: bases.resolved })
  return { graph, bases }
}

/** The language is built in: `# syntax=` may name it, nothing else. */
export function parse({
  dockerfile,
  buildArgs,
}: Pick<BuildRequest, 'dockerfile' | 'buildArgs'>): Dockerfile {
  const parsed = parseDockerfile(dockerfile.name, dockerfile.text)
  const syntax = buildArgs.get('BUILDKIT_SYNTAX') ?? parsed.directives.syntax?.value ?? ''
  const isBuiltIn =
    syntax === '' ||
    syntax === 'dockerfile.v0' ||
    /^(?:docker\.io\/)?(?:docker\/dockerfile|docker\/dockerfile-upstream)(?:[:@].*)?$/.test(syntax)
  if (isBuiltIn) return parsed
  const message = `unknown frontend "${syntax}": the Dockerfile language is built in; remove the syntax line, or name docker/dockerfile:1`
  const { syntax: directive } = parsed.directives
  throw directive?.value === syntax
    ? sourceError(parsed.file, directive, message)
    : new EngineError('not_implemented', message)
}

/** As far as planning depends on a request. */
export type PlanRequest = Pick<
  BuildRequest,
  'buildArgs' | 'contexts' | 'labels' | 'uncachedStages' | 'network'
> & { readonly target?: string; readonly platforms?: readonly Platform[] }

export function optionsOf(request: PlanRequest, targetPlatform: Platform): BuildOptions {
  const main = request.contexts.get('context')
  return {
    buildArgs: request.buildArgs,
    contexts: new Set([...request.contexts.keys()].filter((name) => name !== 'context')),
    labels: request.labels,
    buildPlatform: hostPlatform(),
    targetPlatform,
    showsPlatforms: (request.platforms?.length ?? 0) > 1,
    uncachedStages: request.uncachedStages,
    network: request.network,
    ignorePatterns: main?.kind === 'directory' ? main.ignore : [],
    ...(request.target !== undefined && { target: request.target }),
  }
}

/** A named context that is an image behaves as if its name had been the image's. */
function withContextImages(
  plan: StagePlan,
  contexts: ReadonlyMap<string, ContextSource>,
): StagePlan {
  const replace = (base: Base): Base => {
    const source = base.kind === 'context' ? contexts.get(base.name) : undefined
    return source?.kind === 'image'
      ? { kind: 'image', reference: source.reference, platform: undefined }
      : base
  }
  return {
    stages: plan.stages.map((planned) => ({
      ...planned,
      base: replace(planned.base),
      sources: new Map([...planned.sources].map(([name, base]) => [name, replace(base)])),
    })),
  }
}

interface CheckedPlan {
  readonly dockerfile: Dockerfile
  readonly plan: StagePlan
  readonly bases: ResolvedBases
  readonly options: BuildOptions
}

/** @throws EngineError failed_precondition when `# check=error=true` makes warnings count */
function lint({ dockerfile, plan, bases, options }: CheckedPlan, progress: BuildProgress): void {
  const reached = new Set(plan.stages.map(({ stage }) => stage.index))
  const facts = lintFacts({
    dockerfile,
    options,
    stages: plan.stages,
    configOf: (base) => bases.resolved(base).config,
    isReached: (index) => reached.has(index),
  })
  const { warnings, isError } = lintDockerfile({ dockerfile, facts })
  for (const warning of warnings) progress.emit({ type: 'warning', warning })
  if (isError && warnings.length > 0) throw lintError(warnings)
}

export function lintError(warnings: readonly Warning[]): EngineError {
  const rules = [...new Set(warnings.map(({ rule }) => rule))].join(', ')
  return new EngineError('failed_precondition', `lint violation found for rules: ${rules}`)
}
