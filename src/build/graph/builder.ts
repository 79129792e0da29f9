/** Collects vertices; equal ones fold into one. */
import { branded } from '#base/brand.ts'
import { digestOf } from '#oci/digest.ts'
import type { SourceRange } from '#build/dockerfile/source.ts'
import { canonicalJson } from '#build/graph/canonical.ts'
import type { Op, Vertex, VertexId } from '#build/graph/types.ts'

export interface GraphBuilder {
  readonly vertices: ReadonlyMap<VertexId, Vertex>
  add(op: Op, inputs: readonly VertexId[], label: VertexLabel): VertexId
}

export interface VertexLabel {
  readonly name: string
  readonly writtenName?: string
  readonly range?: SourceRange
  readonly ignoresCache?: boolean
}

/** @param latestTime SOURCE_DATE_EPOCH: a part of every step that makes files */
export function createGraphBuilder(latestTime?: number): GraphBuilder {
  const vertices = new Map<VertexId, Vertex>()
  return {
    vertices,
    add(given, inputs, label) {
      const op = latestTime === undefined ? given : withLatestTime(given, latestTime)
      const id = vertexId(op, inputs, label.ignoresCache ?? false)
      if (!vertices.has(id)) {
        const { ignoresCache = false, ...shown } = label
        vertices.set(id, { id, op, inputs, ignoresCache, ...shown })
      }
      return id
    },
  }
}

function withLatestTime(op: Op, latestTime: number): Op {
  const isStep = op.kind === 'copy' || op.kind === 'exec' || op.kind === 'make-directory'
  return isStep ? { ...op, latestTime } : op
}

function vertexId(op: Op, inputs: readonly VertexId[], ignoresCache: boolean): VertexId {
  return branded<VertexId>(digestOf(canonicalJson({ op, inputs, ignoresCache })))
}
