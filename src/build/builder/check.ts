/** `--check`: what is likely wrong, and what would fail before the first step. */
import { type EngineError, findEngineError } from '#base/errors.ts'
import { lintFacts } from '#build/builder/lint-facts.ts'
import { lintError } from '#build/builder/plan.ts'
import type { Dockerfile } from '#build/dockerfile/types.ts'
import { lowerDockerfile, type ResolvedBase } from '#build/graph/lower/dockerfile.ts'
import type { BuildOptions } from '#build/graph/options.ts'
import { type Base, planEachStage, planStages, type StagePlan } from '#build/graph/plan.ts'
import { lintDockerfile } from '#build/lint/lint.ts'
import type { InspectOutcome } from '#build/types.ts'
import type { Images } from '#image/types.ts'
import { digestOf } from '#oci/digest.ts'
import { matchesPlatform, parsePlatform } from '#oci/platform.ts'

type ImageBase = Extract<Base, { kind: 'image' }>

export interface CheckInput {
  readonly dockerfile: Dockerfile
  readonly options: BuildOptions
  readonly images: Pick<Images, 'find'>
}

/** Base images are looked for here only: a check fetches nothing. */
export function checkDockerfile(input: CheckInput): Extract<InspectOutcome, { call: 'check' }> {
  const { dockerfile, options } = input
  const hasTarget = options.target !== undefined && options.target !== ''
  const planned = attempt(() => planStages(dockerfile, options))
  const every = attempt(() => planEachStage(dockerfile, options))
  const reached = new Set(planned.value?.stages.map(({ stage }) => stage.index))
  const facts = lintFacts({
    dockerfile,
    options,
    stages: every.value ?? [],
    configOf: (base) => findImage(input, base)?.config,
    isReached: (index) => !hasTarget || reached.has(index),
  })
  const { warnings, isError } = lintDockerfile({ dockerfile, facts })
  const failure =
    planned.error ??
    (planned.value && attempt(() => lower(input, planned.value)).error) ??
    (isError && warnings.length > 0 ? lintError(warnings) : undefined)
  return { call: 'check', warnings, isError, ...(failure && { failure: describe(failure) }) }
}

/** What a build would take without asking a registry. */
function findImage({ images, options }: CheckInput, { reference, platform }: ImageBase) {
  const wanted = platform === undefined ? options.targetPlatform : parsePlatform(platform)
  const image = images.find(reference)
  return image && matchesPlatform(wanted, image.platform) ? image : undefined
}

function lower(input: CheckInput, plan: StagePlan): void {
  const { dockerfile, options } = input
  const resolved = (base: ImageBase): ResolvedBase => {
    const image = findImage(input, base)
    const { targetPlatform: platform } = options
    return {
      op: { kind: 'image', reference: base.reference, digest: digestOf(base.reference), platform },
      config: image?.config ?? { ...platform, rootfs: { type: 'layers', diff_ids: [] } },
    }
  }
  lowerDockerfile({ dockerfile, plan, options, resolved })
}

type Attempt<T> =
  | { readonly value: T; readonly error?: undefined }
  | { readonly error: EngineError; readonly value?: undefined }

/** Only what is wrong with the file: anything else is thrown on. */
function attempt<T>(work: () => T): Attempt<T> {
  try {
    return { value: work() }
  } catch (error) {
    const found = findEngineError(error)
    if (!found || found.kind === 'internal') throw error
    return { error: found }
  }
}

function describe({ message, hint }: EngineError) {
  return { message, ...(hint !== undefined && { excerpt: hint }) }
}
