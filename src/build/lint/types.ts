/** Build checks: what is likely wrong in a Dockerfile that parses. Names and texts are Docker's. */
import type { SourceRange } from '#build/dockerfile/source.ts'
import type { Dockerfile } from '#build/dockerfile/types.ts'

export const ruleNames = [
  'StageNameCasing',
  'FromAsCasing',
  'NoEmptyContinuation',
  'ConsistentInstructionCasing',
  'DuplicateStageName',
  'ReservedStageName',
  'JSONArgsRecommended',
  'MaintainerDeprecated',
  'UndefinedArgInFrom',
  'WorkdirRelativePath',
  'UndefinedVar',
  'MultipleInstructionsDisallowed',
  'LegacyKeyValueFormat',
  'InvalidBaseImagePlatform',
  'RedundantTargetPlatform',
  'SecretsUsedInArgOrEnv',
  'InvalidDefaultArgInFrom',
  'FromPlatformFlagConstDisallowed',
  'CopyIgnoredFile',
  'InvalidDefinitionDescription',
  'ExposeProtoCasing',
  'ExposeInvalidFormat',
] as const

export type RuleName = (typeof ruleNames)[number]

export interface Warning {
  readonly rule: RuleName
  readonly message: string
  readonly range: SourceRange
}

/** What rules know besides the text; absent facts silence the rules that need them. */
export interface LintFacts {
  /** What the base image of a stage brings along; undefined when the image is not here. */
  readonly base: (stageIndex: number) => BaseFacts | undefined
  /** Whether the build needs the stage: rules about what instructions do look at no other. */
  readonly isReached: (stageIndex: number) => boolean
  readonly buildArgs: ReadonlyMap<string, string>
  /** Values of the global scope, which an ARG without a value brings into a stage. */
  readonly globals: ReadonlyMap<string, string>
  /** Whether `.dockerignore` keeps a context path out. */
  readonly isIgnored: (path: string) => boolean
  /** Whether an exception of `.dockerignore` lets something below a context path in. */
  readonly hasExceptionBelow: (path: string) => boolean
  /** The platform a base image came with, and the one the build wanted. */
  readonly basePlatforms: readonly BasePlatform[]
}

export interface BaseFacts {
  readonly env: ReadonlyMap<string, string>
  /** The image names a SHELL of its own. */
  readonly hasShell: boolean
}

export interface BasePlatform {
  readonly stageIndex: number
  readonly reference: string
  readonly actual: string
  readonly expected: string
}

export type Report = (rule: RuleName, range: SourceRange, message: string) => void

export interface LintInput {
  readonly dockerfile: Dockerfile
  readonly facts: LintFacts
}

export type Rule = (input: LintInput, report: Report) => void
