import { EngineError, errorMessage, findEngineError } from '#base/errors.ts'
import { excerpt, sourceFile, type SourceRange } from '#build/dockerfile/source.ts'
import type { ContextDockerfile } from '#build/transfer/dockerfile.ts'
import type { BuildEvent } from '#build/types.ts'

export interface FailureWatch {
  take(event: BuildEvent): void
  /** Throws the failure again, with the source of the step that failed as its hint. */
  explain(error: unknown): never
}

/** Remembers which step failed first. */
export function createFailureWatch({ name, text }: ContextDockerfile): FailureWatch {
  let range: SourceRange | undefined
  return {
    take(event) {
      if (event.type === 'vertex-failed') range ??= event.vertex.range
    },
    explain(error) {
      const found = findEngineError(error)
      if (!range || found?.hint?.includes('-----') === true) throw error
      throw new EngineError(found?.kind ?? 'internal', errorMessage(error), {
        hint: excerpt(sourceFile(name, text), range),
        cause: error,
      })
    },
  }
}
