import { excerpt, sourceFile } from '#build/dockerfile/source.ts'
import type { Reason } from '#build/cache/why.ts'
import type { ContextDockerfile } from '#build/transfer/dockerfile.ts'
import type { BuildEvent, BuildOutcome, InspectOutcome, VertexInfo } from '#build/types.ts'
import type { BuildEventBody, ReasonBody, VertexBody } from '#wire/build.ts'
import type { BuiltBody, InspectedBody } from '#wire/build-session.ts'

export function toEventBody(event: BuildEvent): BuildEventBody {
  switch (event.type) {
    case 'vertex-started': {
      const { at } = event
      const why = event.why.map(toReasonBody)
      return { type: event.type, vertex: toVertexBody(event.vertex), why, at: String(at) }
    }
    case 'vertex-cached':
    case 'vertex-completed':
      return { type: event.type, vertex: toVertexBody(event.vertex), at: String(event.at) }
    case 'vertex-failed': {
      const { message, at } = event
      return { type: event.type, vertex: toVertexBody(event.vertex), message, at: String(at) }
    }
    case 'vertex-output': {
      const { id, stream, chunk } = event
      return { type: event.type, id, stream, bytes: Buffer.from(chunk).toString('base64') }
    }
    case 'vertex-status':
    case 'warning':
      return event
  }
}

/** Nobody reads more of them; a changed checkout has thousands. */
const listedFiles = 100

function toReasonBody(reason: Reason): ReasonBody {
  if (reason.kind !== 'files-changed' || !reason.files) return reason
  const { files } = reason
  return { ...reason, files: files.slice(0, listedFiles), fileCount: files.length }
}

function toVertexBody({ id, name, inputs, range }: VertexInfo): VertexBody {
  return { id, name, inputs, ...(range === undefined ? {} : { range }) }
}

export function toBuiltBody({ buildId, imageId, descriptor, metadata }: BuildOutcome): BuiltBody {
  return {
    buildId,
    metadata,
    ...(imageId === undefined ? {} : { imageId }),
    ...(descriptor === undefined ? {} : { descriptor }),
  }
}

/** Warnings of a check come with the source around them. */
export function toInspectedBody(
  outcome: InspectOutcome,
  { name, text }: ContextDockerfile,
): InspectedBody {
  if (outcome.call !== 'check') return outcome
  const file = sourceFile(name, text)
  return {
    ...outcome,
    warnings: outcome.warnings.map((warning) => ({
      ...warning,
      excerpt: excerpt(file, warning.range),
    })),
  }
}
