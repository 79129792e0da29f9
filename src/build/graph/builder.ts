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
  readonly range?: SourceRange
  readonly ignoresCache?: boolean
}

export function createGraphBuilder(): GraphBuilder {
  const vertices = new Map<VertexId, Vertex>()
  return {
    vertices,
    add(op, inputs, label) {
      const id = vertexId(op, inputs, label.ignoresCache ?? false)
      if (!vertices.has(id)) {
        const { name, range, ignoresCache = false } = label
        vertices.set(id, { id, op, inputs, name, ignoresCache, ...(range && { range }) })
      }
      return id
    },
  }
}

function vertexId(op: Op, inputs: readonly VertexId[], ignoresCache: boolean): VertexId {
  return branded<VertexId>(digestOf(canonicalJson({ op, inputs, ignoresCache })))
}
