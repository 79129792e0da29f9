import { EngineError } from '#base/errors.ts'
import type { Vertex, VertexId } from '#build/graph/types.ts'
import { createFlights, type Flights } from '#build/solver/flights.ts'
import { cacheKey, type KeyInput, opDigest } from '#build/solver/keys.ts'
import { createSlots, type Slots } from '#build/solver/slots.ts'
import type {
  CacheKey,
  CacheStore,
  Executor,
  KeyIngredients,
  SolveEvent,
  Solver,
  SolveRequest,
} from '#build/solver/types.ts'
import { type Digest, digestOf } from '#oci/digest.ts'

export interface SolverOptions<R> {
  readonly executor: Executor<R>
  readonly cache: CacheStore
  /** Steps that run at once, over all builds. */
  readonly parallelism: number
}

/** A vertex's outcome with what keys of its consumers are made of. */
interface Solved<R> {
  readonly result: R
  readonly definitionKey: Digest | undefined
  /** Computed at most once, when a consumer's definition key misses. */
  identity(signal: AbortSignal): Promise<Digest>
}

interface Shared<R> extends SolverOptions<R> {
  readonly flights: Flights<R>
  readonly slots: Slots
}

export function createSolver<R>(options: SolverOptions<R>): Solver<R> {
  const shared: Shared<R> = {
    ...options,
    flights: createFlights<R>(),
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

function createBuild<R>(shared: Shared<R>, request: SolveRequest, signal: AbortSignal) {
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
      return await createVertexSolve(shared, {
        vertex,
        inputs,
        signal,
        emit: request.onEvent,
      }).solve()
    } catch (error) {
      request.onEvent({ type: 'failed', vertex, error })
      throw error
    }
  }
}

interface VertexInput<R> {
  readonly vertex: Vertex
  readonly inputs: readonly Solved<R>[]
  readonly signal: AbortSignal
  readonly emit: (event: SolveEvent) => void
}

function createVertexSolve<R>(shared: Shared<R>, { vertex, inputs, signal, emit }: VertexInput<R>) {
  const { executor, cache } = shared
  const op = opDigest(vertex.op)
  const selections = new Map<number, Promise<Digest>>()
  return { solve }

  async function solve(): Promise<Solved<R>> {
    if (vertex.inputs.length === 0) return solveSource()
    const definition = await keyInputs('definition')
    const definitionKey = cacheKey(op, definition)
    const found = vertex.ignoresCache ? undefined : await lookUp(definitionKey)
    if (found !== undefined) return hit(found, definitionKey)
    const content = await keyInputs('content')
    const contentKey = cacheKey(op, content)
    const again =
      vertex.ignoresCache || contentKey === definitionKey ? undefined : await lookUp(contentKey)
    if (again !== undefined) {
      remember(again, [definitionKey], content)
      return hit(again, definitionKey)
    }
    const result = await execute(contentKey, content)
    remember(result, [definitionKey, contentKey], content)
    return solved(result, definitionKey)
  }

  /** A source is keyed by what it names (an image's digest) or, once fetched, by its content. */
  async function solveSource(): Promise<Solved<R>> {
    const named = await executor.sourceKey(vertex, signal)
    const key = named === undefined ? undefined : cacheKey(op, [{ use: 'whole', digest: named }])
    const found = vertex.ignoresCache ? undefined : await lookUp(key)
    if (found !== undefined) return hit(found, key)
    const result = await execute(key, named === undefined ? [] : [{ use: 'whole', digest: named }])
    remember(result, [key], [])
    return solved(result, key)
  }

  function keyInputs(kind: 'definition' | 'content'): Promise<KeyInput[]> {
    return Promise.all(
      inputs.map(async (input, index): Promise<KeyInput> => {
        const { use } = executor.inputUse(vertex, index)
        if (use === 'none') return { use, digest: undefined }
        if (use === 'selection') return { use, digest: await selection(input, index) }
        const known = kind === 'definition' ? input.definitionKey : undefined
        return { use, digest: kind === 'definition' ? known : await input.identity(signal) }
      }),
    )
  }

  function selection(input: Solved<R>, index: number): Promise<Digest> {
    const running = selections.get(index)
    if (running) return running
    const digest = executor.selectionDigest(vertex, index, input.result, signal)
    selections.set(index, digest)
    return digest
  }

  async function lookUp(key: CacheKey | undefined): Promise<R | undefined> {
    const record = key === undefined ? undefined : cache.find(key)
    return record && executor.load(record.stored)
  }

  function hit(result: R, definitionKey: Digest | undefined): Solved<R> {
    emit({ type: 'cached', vertex })
    return solved(result, definitionKey)
  }

  async function execute(key: CacheKey | undefined, content: readonly KeyInput[]): Promise<R> {
    emit({ type: 'started', vertex, miss: ingredients(content) })
    const work = (flightSignal: AbortSignal) => runInSlot(flightSignal)
    // Two builds that reach the same key share one run; without a key nothing can be shared.
    const shareable = key !== undefined && !vertex.ignoresCache
    const result = shareable ? await shared.flights.join(key, work, signal) : await work(signal)
    emit({ type: 'completed', vertex })
    return result
  }

  async function runInSlot(flightSignal: AbortSignal): Promise<R> {
    using _slot = await shared.slots.acquire(flightSignal)
    const results = inputs.map((input) => input.result)
    // `await`, or the slot would be free before the step ends.
    return await executor.run(vertex, results, {
      signal: flightSignal,
      onOutput: (stream, chunk) => emit({ type: 'output', id: vertex.id, stream, chunk }),
      onStatus: (status) => emit({ type: 'status', id: vertex.id, status }),
    })
  }

  function remember(
    result: R,
    keys: readonly (CacheKey | undefined)[],
    content: readonly KeyInput[],
  ): void {
    const stored = executor.store(result)
    const known = keys.filter((key) => key !== undefined)
    if (stored === undefined || known.length === 0) return
    cache.put(known, { stored, ingredients: ingredients(content) })
  }

  function ingredients(content: readonly KeyInput[]): KeyIngredients {
    return {
      name: vertex.name,
      op,
      inputs: content.map(({ use, digest }) => ({ use, digest: digest ?? null })),
    }
  }

  function solved(result: R, definitionKey: Digest | undefined): Solved<R> {
    let identity: Promise<Digest> | undefined
    return {
      result,
      // What ignored the cache made something new: consumers must not meet old keys.
      definitionKey: vertex.ignoresCache ? undefined : definitionKey && digestOf(definitionKey),
      identity: (identitySignal) => (identity ??= executor.identity(result, identitySignal)),
    }
  }
}
