import { EngineError, errorMessage, findEngineError } from '#base/errors.ts'
import { excerpt, sourceFile } from '#build/dockerfile/source.ts'
import type { ContextDockerfile } from '#build/transfer/dockerfile.ts'
import type { BuildEvent, VertexInfo } from '#build/types.ts'
import { withIgnoreNote } from '#api/build/missing-file.ts'

export interface FailureWatch {
  take(event: BuildEvent): void
  /** The step that failed first. */
  failed(): VertexInfo | undefined
  /** Throws the failure again, with the source of the step that failed as its hint. */
  explain(error: unknown): never
}

/** Remembers which step failed first. `ignore`: what keeps files out of the context. */
export function createFailureWatch(
  { name, text }: ContextDockerfile,
  ignore: readonly string[],
): FailureWatch {
  let vertex: VertexInfo | undefined
  return {
    failed: () => vertex,
    take(event) {
      if (event.type === 'vertex-failed') vertex ??= event.vertex
    },
    explain(error) {
      const found = findEngineError(error)
      const message = withIgnoreNote(errorMessage(error), ignore)
      const source = vertex?.range ? excerpt(sourceFile(name, text), vertex.range) : undefined
      const hint = found?.hint?.includes('-----') === true ? found.hint : (source ?? found?.hint)
      throw new EngineError(found?.kind ?? 'internal', message, {
        ...(hint === undefined ? {} : { hint }),
        cause: error,
      })
    },
  }
}
