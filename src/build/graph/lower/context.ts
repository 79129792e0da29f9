/** What lowering an instruction needs besides the stage's own state. */
import { findEngineError } from '#base/errors.ts'
import type { GraphBuilder } from '#build/graph/builder.ts'
import type { BuildOptions } from '#build/graph/options.ts'
import { type StageState, stageVariables } from '#build/graph/stage-state.ts'
import type { VertexId } from '#build/graph/types.ts'
import { isPlaced, sourceError } from '#build/dockerfile/source.ts'
import type { Dockerfile, LocatedInstruction } from '#build/dockerfile/types.ts'
import { expandHeredoc, expandWord, processWord } from '#build/dockerfile/words.ts'
import type { Platform } from '#oci/descriptor.ts'

export interface LowerContext {
  readonly builder: GraphBuilder
  readonly dockerfile: Dockerfile
  readonly options: BuildOptions
  readonly state: StageState
  readonly platform: Platform
  /** ARG values of the global scope: what `ARG name` without a value brings in. */
  readonly globals: ReadonlyMap<string, string>
  /** The root filesystem behind a name in `COPY --from` or a mount's `from`. */
  sourceRoot(name: string): VertexId
  readonly contextRoot: () => VertexId
  readonly scratchRoot: () => VertexId
  /** `[build 2/5] `: what progress shows before the instruction. */
  readonly label: string
  readonly ignoresCache: boolean
}

/** One word expanded with the values before the instruction. */
export function expandIn(context: LowerContext, text: string): string {
  const { escape } = context.dockerfile.directives
  return processWord(text, { escape, variables: stageVariables(context.state) })
}

/** The body of a heredoc, expanded likewise. */
export function expandBodyIn(context: LowerContext, body: string): string {
  const { escape } = context.dockerfile.directives
  return expandHeredoc(body, { escape, variables: stageVariables(context.state) })
}

/** Words expanded; an unquoted variable may become several words, as in EXPOSE and VOLUME. */
export function expandWordsIn(context: LowerContext, texts: readonly string[]): string[] {
  const { escape } = context.dockerfile.directives
  const variables = stageVariables(context.state)
  return texts.flatMap((text) =>
    processWord(text, { escape, variables })
      .split(/\s+/)
      .filter((word) => word !== ''),
  )
}

/**
 * What progress shows: the keyword in capitals and variables replaced, unless the words cannot be
 * expanded. `hidden`: values that a step must not show.
 */
export function stepName(
  context: LowerContext,
  { keyword, source, kind }: LocatedInstruction,
  hidden: ReadonlySet<string> = new Set(),
): string {
  const seen = stageVariables(context.state)
  const { escape } = context.dockerfile.directives
  const rest = source.slice(keyword.length)
  const isRun = kind === 'run'
  const variables = {
    find: (name: string) => (hidden.has(name) ? '****' : seen.find(name)),
    keepsUnset: isRun,
  }
  const options = { escape, variables, keepsQuotes: isRun, keepsEscapes: isRun }
  const shown = `${context.label}${keyword.toUpperCase()}`
  try {
    return `${shown}${expandWord(rest, options)}`
  } catch {
    return `${shown}${rest}`
  }
}

/** The step as written, which stays the same when the values of its variables change. */
export function writtenName({ label }: LowerContext, { source }: LocatedInstruction): string {
  return `${label}${source}`
}

/** Points a failure of lowering at the instruction's line. */
export function atInstruction(
  context: LowerContext,
  instruction: LocatedInstruction,
  error: unknown,
): unknown {
  const found = findEngineError(error)
  if (!found || isPlaced(found)) return error
  return sourceError(context.dockerfile.file, instruction, found.message)
}
