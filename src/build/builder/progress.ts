/** Solver events as build events, and the counts that the history keeps. */
import { now } from '#base/clock.ts'
import { errorMessage } from '#base/errors.ts'
import type { Reason, StartedVertex } from '#build/cache/why.ts'
import type { Vertex } from '#build/graph/types.ts'
import type { SolveEvent } from '#build/solver/types.ts'
import type { BuildEvent, VertexInfo } from '#build/types.ts'
import { digestOf } from '#oci/digest.ts'

/** Shows a piece of work as a step of the build; `done` adds a line to it. */
export type Perform = <T>(
  name: string,
  work: (done: (text: string) => void) => Promise<T>,
) => Promise<T>

export interface BuildProgress {
  readonly onSolve: (event: SolveEvent) => void
  readonly emit: (event: BuildEvent) => void
  /** Shows work that is no vertex of the graph: looking up a base image. */
  readonly around: <T>(name: string, work: () => Promise<T>) => Promise<T>
  /** The same, under a name of its own: an export, which tells what it has done. */
  readonly perform: Perform
  readonly counts: { total: number; cached: number }
}

export function createProgress(
  explain: (event: StartedVertex) => readonly Reason[],
  emit: (event: BuildEvent) => void,
): BuildProgress {
  const counts = { total: 0, cached: 0 }
  return {
    counts,
    emit,
    onSolve(event) {
      if (event.type === 'started' || event.type === 'cached') counts.total++
      if (event.type === 'cached') counts.cached++
      emit(translate(event, explain))
    },
    around: (text, work) => perform(`[internal] load metadata for ${text}`, work),
    perform,
  }

  async function perform<T>(
    name: string,
    work: (done: (text: string) => void) => Promise<T>,
  ): Promise<T> {
    const vertex: VertexInfo = { id: digestOf(name), name, inputs: [] }
    emit({ type: 'vertex-started', vertex, why: [], at: now() })
    try {
      const result = await work((text) => {
        const status = { id: text, text, currentBytes: 0 }
        emit({ type: 'vertex-status', id: vertex.id, status })
      })
      emit({ type: 'vertex-completed', vertex, at: now() })
      return result
    } catch (error) {
      emit({ type: 'vertex-failed', vertex, message: errorMessage(error), at: now() })
      throw error
    }
  }
}

function translate(
  event: SolveEvent,
  explain: (event: StartedVertex) => readonly Reason[],
): BuildEvent {
  switch (event.type) {
    case 'started': {
      const { vertex } = event
      const why = explain(event)
      return { type: 'vertex-started', vertex: describe(vertex), why, at: now() }
    }
    case 'cached':
      return { type: 'vertex-cached', vertex: describe(event.vertex), at: now() }
    case 'output': {
      const { id, stream, chunk } = event
      return { type: 'vertex-output', id, stream, chunk }
    }
    case 'status':
      return { type: 'vertex-status', id: event.id, status: event.status }
    case 'completed':
      return { type: 'vertex-completed', vertex: describe(event.vertex), at: now() }
    case 'failed': {
      const message = errorMessage(event.error)
      return { type: 'vertex-failed', vertex: describe(event.vertex), message, at: now() }
    }
  }
}

function describe({ id, name, inputs, range }: Vertex): VertexInfo {
  return { id, name, inputs, ...(range && { range }) }
}
