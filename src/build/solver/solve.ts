import { EngineError } from '#base/errors.ts'
import type { Vertex, VertexId } from '#build/graph/types.ts'
import { createFlights } from '#build/solver/flights.ts'
import { createSlots } from '#build/solver/slots.ts'
import type { SolveRequest, Solver } from '#build/solver/types.ts'
import {
  type Shared,
  type Solved,
  solveOne,
  type SolverOptions,
  type StepEvent,
} from '#build/solver/vertex.ts'

export function createSolver<R>(options: SolverOptions): Solver<R> {
  const shared: Shared<R> = {
    ...options,
    flights: createFlights<R, StepEvent>(),
    slots: createSlots(options.parallelism),
  }
  return {
    async solve(request, signal) {
      const abort = new AbortController()
      const both = AbortSignal.any([signal, abort.signal])
      const build = createBuild(shared, request, both)
      const outcomes = request.targets.map((target) =>
        build.solve(target).catch((error: unknown) => {
          abort.abort(error)
          throw error
        }),
      )
      // Wait for all, so that nothing of this build still runs when the failure is reported.
      await Promise.allSettled(outcomes)
      await build.settled()
      const solved = await Promise.all(outcomes)
      return solved.map(({ result }) => result)
    },
  }
}

function createBuild<R>(shared: Shared<R>, request: SolveRequest<R>, signal: AbortSignal) {
  const solving = new Map<VertexId, Promise<Solved<R>>>()
  return {
    solve,
    async settled() {
      await Promise.allSettled(solving.values())
    },
  }

  function solve(id: VertexId): Promise<Solved<R>> {
    const running = solving.get(id)
    if (running) return running
    const vertex = request.vertices.get(id)
    if (!vertex) throw new EngineError('internal', `solve: no vertex "${id}" in the graph`)
    const outcome = solveVertex(vertex)
    solving.set(id, outcome)
    return outcome
  }

  async function solveVertex(vertex: Vertex): Promise<Solved<R>> {
    const inputs = await Promise.all(vertex.inputs.map(solve))
    try {
      const { executor, origin = '', onEvent: emit } = request
      return await solveOne({ shared, executor, vertex, inputs, origin, signal, emit })
    } catch (error) {
      request.onEvent({ type: 'failed', vertex, error })
      throw error
    }
  }
}
