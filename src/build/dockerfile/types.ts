/**
 * The tree of a Dockerfile. Words are kept as written: variables are expanded
 * when a stage is lowered to the graph, where their values are known.
 */
import type { Directives } from '#build/dockerfile/directives.ts'
import type { Heredoc } from '#build/dockerfile/heredoc.ts'
import type { SourceFile, SourceRange } from '#build/dockerfile/source.ts'

export interface Dockerfile {
  readonly file: SourceFile
  readonly directives: Directives
  /** ARGs above the first FROM. */
  readonly globalArgs: readonly Located<ArgInstruction>[]
  readonly stages: readonly Stage[]
  /** All instructions in order, for the checks. */
  readonly instructions: readonly LocatedInstruction[]
}

export interface Stage {
  readonly index: number
  /** Lower case, as `COPY --from` and `--target` compare. */
  readonly name?: string
  readonly from: Located<FromInstruction>
  readonly instructions: readonly LocatedInstruction[]
}

/** An instruction with what errors, history and checks need of its source. */
export type Located<T> = T & {
  readonly range: SourceRange
  /** The logical line as written. */
  readonly source: string
  /** The instruction word as written: ConsistentInstructionCasing. */
  readonly keyword: string
  readonly comments: readonly string[]
  readonly emptyContinuationLine: number | undefined
}

export type LocatedInstruction = Located<Instruction>

export type Instruction =
  | AddInstruction
  | ArgInstruction
  | CmdInstruction
  | CopyInstruction
  | EntrypointInstruction
  | EnvInstruction
  | ExposeInstruction
  | FromInstruction
  | HealthcheckInstruction
  | LabelInstruction
  | MaintainerInstruction
  | OnbuildInstruction
  | RunInstruction
  | ShellInstruction
  | StopsignalInstruction
  | UserInstruction
  | VolumeInstruction
  | WorkdirInstruction

/** Exec form: `args` as given. Shell form: one text for the stage's SHELL. */
export type Command =
  | { readonly form: 'exec'; readonly args: readonly string[] }
  | { readonly form: 'shell'; readonly text: string }

export interface KeyValue {
  readonly key: string
  readonly value: string
}

export interface FromInstruction {
  readonly kind: 'from'
  readonly image: string
  readonly platform?: string
  /** As written; `asKeyword` likewise: FromAsCasing, StageNameCasing. */
  readonly name?: string
  readonly asKeyword?: string
}

export interface ArgInstruction {
  readonly kind: 'arg'
  readonly args: readonly { readonly key: string; readonly value?: string }[]
}

export interface EnvInstruction {
  readonly kind: 'env'
  readonly pairs: readonly KeyValue[]
  /** `ENV key value`, without the equals sign: LegacyKeyValueFormat. */
  readonly isLegacy: boolean
}

export interface LabelInstruction {
  readonly kind: 'label'
  readonly pairs: readonly KeyValue[]
  readonly isLegacy: boolean
}

export interface RunInstruction {
  readonly kind: 'run'
  readonly command: Command
  readonly heredocs: readonly Heredoc[]
  /** `--mount` values as written. */
  readonly mounts: readonly string[]
  readonly network?: string
  readonly security?: string
  readonly devices: readonly string[]
}

interface CopyFlags {
  /** As written, variables unexpanded; heredoc words included. */
  readonly sources: readonly string[]
  readonly destination: string
  readonly heredocs: readonly Heredoc[]
  readonly chown?: string
  readonly chmod?: string
  readonly isLink: boolean
  readonly excludes: readonly string[]
}

export interface CopyInstruction extends CopyFlags {
  readonly kind: 'copy'
  readonly from?: string
  readonly hasParents: boolean
}

export interface AddInstruction extends CopyFlags {
  readonly kind: 'add'
  readonly checksum?: string
  readonly keepGitDir?: boolean
  readonly unpack?: boolean
}

export interface CmdInstruction {
  readonly kind: 'cmd'
  readonly command: Command
}

export interface EntrypointInstruction {
  readonly kind: 'entrypoint'
  readonly command: Command
}

export interface ExposeInstruction {
  readonly kind: 'expose'
  readonly ports: readonly string[]
}

export type HealthcheckInstruction =
  | { readonly kind: 'healthcheck'; readonly test: 'none' }
  | {
      readonly kind: 'healthcheck'
      readonly test: Command
      /** Durations in nanoseconds; 0 = unset. */
      readonly interval: number
      readonly timeout: number
      readonly startPeriod: number
      readonly startInterval: number
      readonly retries: number
    }

export interface MaintainerInstruction {
  readonly kind: 'maintainer'
  readonly name: string
}

export interface OnbuildInstruction {
  readonly kind: 'onbuild'
  /** The trigger's text, parsed again in the child. */
  readonly expression: string
  readonly trigger: LocatedInstruction
}

export interface ShellInstruction {
  readonly kind: 'shell'
  readonly shell: readonly string[]
}

export interface StopsignalInstruction {
  readonly kind: 'stopsignal'
  readonly signal: string
}

export interface UserInstruction {
  readonly kind: 'user'
  readonly user: string
}

export interface VolumeInstruction {
  readonly kind: 'volume'
  readonly volumes: readonly string[]
}

export interface WorkdirInstruction {
  readonly kind: 'workdir'
  readonly path: string
}
