/** What the checks know about a build besides the text of its Dockerfile. */
import type { Dockerfile } from '#build/dockerfile/types.ts'
import { type BuildOptions, globalValues } from '#build/graph/options.ts'
import type { PlannedStage } from '#build/graph/plan.ts'
import { envMap } from '#build/graph/stage-state.ts'
import type { BaseFacts, LintFacts } from '#build/lint/types.ts'
import type { ImageConfig, Platform } from '#oci/descriptor.ts'
import { createIgnoreMatcher } from '#oci/ignore.ts'
import { formatPlatform, matchesPlatform, parsePlatform } from '#oci/platform.ts'

export interface LintParts {
  readonly dockerfile: Dockerfile
  readonly options: BuildOptions
  /** Stages whose bases are known. */
  readonly stages: readonly PlannedStage[]
  /** The config of an image base; undefined when it is not here. */
  readonly configOf: (base: ImageBase) => ImageConfig | undefined
  readonly isReached: (stageIndex: number) => boolean
}

type ImageBase = Extract<PlannedStage['base'], { kind: 'image' }>

export function lintFacts(parts: LintParts): LintFacts {
  const { dockerfile, options, stages, isReached } = parts
  const ignored = createIgnoreMatcher(options.ignorePatterns)
  const hasException = options.ignorePatterns.some((pattern) => pattern.startsWith('!'))
  const bases = new Map(stages.map((planned) => [planned.stage.index, baseFacts(parts, planned)]))
  return {
    base: (index) => bases.get(index),
    isReached,
    buildArgs: options.buildArgs,
    globals: globalValues(dockerfile, options),
    isIgnored: (path) => ignored.isIgnored(path),
    hasExceptionBelow: (path) =>
      path === '' || path === '.' ? hasException : ignored.mayContainIncluded(path),
    basePlatforms: stages.flatMap((planned) => basePlatform(parts, planned)),
  }
}

function baseFacts({ configOf }: LintParts, { base }: PlannedStage): BaseFacts | undefined {
  if (base.kind !== 'image') return { env: new Map(), hasShell: false }
  const config = configOf(base)
  if (!config) return undefined
  return { env: envMap(config.config?.Env), hasShell: (config.config?.Shell ?? []).length > 0 }
}

function basePlatform({ configOf, options }: LintParts, { stage, base }: PlannedStage) {
  const config = base.kind === 'image' ? configOf(base) : undefined
  if (base.kind !== 'image' || !config) return []
  const expected = base.platform === undefined ? options.targetPlatform : tryPlatform(base.platform)
  if (!expected) return []
  const { os, architecture, variant } = config
  const actual = { os, architecture, ...(variant !== undefined && { variant }) }
  const found = {
    stageIndex: stage.index,
    reference: base.reference,
    actual: formatPlatform(actual),
    expected: formatPlatform(expected),
  }
  return matchesPlatform(expected, actual) ? [] : [found]
}

/** A platform that cannot be read fails the build with a better text than a check has. */
function tryPlatform(text: string): Platform | undefined {
  try {
    return parsePlatform(text)
  } catch {
    return undefined
  }
}
