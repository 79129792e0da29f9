/** One vertex: its keys, the look-ups, and the run when both miss. */
import { canonicalJson } from '#build/graph/canonical.ts'
import type { Vertex } from '#build/graph/types.ts'
import type { Flights } from '#build/solver/flights.ts'
import { cacheKey, type KeyInput, opDigest } from '#build/solver/keys.ts'
import type { Slots } from '#build/solver/slots.ts'
import type {
  CacheKey,
  CacheStore,
  Executor,
  KeyIngredients,
  SolveEvent,
} from '#build/solver/types.ts'
import { type Digest, digestOf } from '#oci/digest.ts'

export interface SolverOptions {
  readonly cache: CacheStore
  /** Steps that run at once, over all builds. */
  readonly parallelism: number
}

/** What all builds of a solver share. */
export interface Shared<R> extends SolverOptions {
  readonly flights: Flights<R, StepEvent>
  readonly slots: Slots
}

/** A vertex's outcome with what the keys of its consumers are made of. */
export interface Solved<R> {
  readonly name: string
  readonly result: R
  readonly definitionKey: Digest | undefined
  /** Computed at most once, when a consumer's definition key misses. */
  identity(signal: AbortSignal): Promise<Digest>
}

export interface VertexJob<R> {
  readonly shared: Shared<R>
  readonly executor: Executor<R>
  readonly vertex: Vertex
  readonly inputs: readonly Solved<R>[]
  readonly origin: string
  readonly signal: AbortSignal
  readonly emit: (event: SolveEvent) => void
}

export function solveOne<R>(job: VertexJob<R>): Promise<Solved<R>> {
  return job.vertex.inputs.length === 0 ? solveSource(job) : solveStep(job)
}

/** A source is keyed by what it names (an image's digest) or, once fetched, by its content. */
async function solveSource<R>(job: VertexJob<R>): Promise<Solved<R>> {
  const named = await job.executor.sourceKey(job.vertex, job.signal)
  const content: KeyInput[] = named === undefined ? [] : [{ use: 'whole', digest: named }]
  const key = named === undefined ? undefined : cacheKey(opDigest(job.vertex.op), content)
  const found = await lookUp(job, key)
  if (found !== undefined) return hit(job, found, key)
  const result = await execute(job, key, content)
  remember(job, result, { keys: [key], content })
  return solved(job, result, key)
}

async function solveStep<R>(job: VertexJob<R>): Promise<Solved<R>> {
  const op = opDigest(job.vertex.op)
  const select = selections(job)
  const definitionKey = cacheKey(op, await keyInputs(job, select, 'definition'))
  const found = await lookUp(job, definitionKey)
  if (found !== undefined) return hit(job, found, definitionKey)
  const content = await keyInputs(job, select, 'content')
  const contentKey = cacheKey(op, content)
  const keys = [definitionKey, contentKey]
  const again = contentKey === definitionKey ? undefined : await lookUp(job, contentKey)
  if (again !== undefined) {
    remember(job, again, { keys, content })
    return hit(job, again, definitionKey)
  }
  const result = await execute(job, contentKey, content)
  remember(job, result, { keys, content })
  return solved(job, result, definitionKey)
}

type Select = (index: number) => Promise<Digest>

/** Digests of the selected files, each computed once for both kinds of key. */
function selections<R>({ executor, vertex, inputs, signal }: VertexJob<R>): Select {
  const running = new Map<number, Promise<Digest>>()
  return (index) => {
    const known = running.get(index)
    const input = inputs[index]
    if (known || !input) return known ?? Promise.reject(new RangeError(`no input ${index}`))
    const digest = executor.selectionDigest(vertex, { index, input: input.result }, signal)
    running.set(index, digest)
    return digest
  }
}

function keyInputs<R>(
  job: VertexJob<R>,
  select: Select,
  kind: 'definition' | 'content',
): Promise<KeyInput[]> {
  return Promise.all(
    job.inputs.map(async (input, index): Promise<KeyInput> => {
      const { use } = job.executor.inputUse(job.vertex, index)
      if (use === 'none') return { use, digest: undefined }
      if (use === 'selection') return { use, digest: await select(index) }
      return {
        use,
        digest: kind === 'definition' ? input.definitionKey : await input.identity(job.signal),
      }
    }),
  )
}

async function lookUp<R>(
  { shared, executor, vertex, signal }: VertexJob<R>,
  key: CacheKey | undefined,
): Promise<R | undefined> {
  if (key === undefined || vertex.ignoresCache) return undefined
  const record = shared.cache.find(key)
  const found = record && (await executor.load(record.stored, signal))
  if (found !== undefined) return found
  const imported = executor.findImported?.(key)
  const fetched = imported && (await executor.load(imported.stored, signal))
  if (imported && fetched !== undefined) shared.cache.put([key], imported)
  return fetched
}

function hit<R>(job: VertexJob<R>, result: R, key: Digest | undefined): Solved<R> {
  job.emit({ type: 'cached', vertex: job.vertex })
  return solved(job, result, key)
}

async function execute<R>(
  job: VertexJob<R>,
  key: CacheKey | undefined,
  content: readonly KeyInput[],
): Promise<R> {
  const { shared, vertex, signal, emit } = job
  emit({ type: 'started', vertex, miss: ingredients(job, content) })
  const work = (flightSignal: AbortSignal, tell: Tell) => runInSlot(job, tell, flightSignal)
  // The vertex of another build may have another id.
  const onEvent = (event: StepEvent) => emit({ ...event, id: vertex.id })
  // Two builds that reach the same key share one run; without a key nothing can be shared.
  const isShareable = key !== undefined && !vertex.ignoresCache
  const result = await (isShareable
    ? shared.flights.join({ key, work, onEvent }, signal)
    : work(signal, onEvent))
  emit({ type: 'completed', vertex })
  return result
}

/** What a running step says. */
export type StepEvent = DistributiveOmit<Extract<SolveEvent, { type: 'output' | 'status' }>, 'id'>
type DistributiveOmit<T, K extends keyof T> = T extends unknown ? Omit<T, K> : never
type Tell = (event: StepEvent) => void

async function runInSlot<R>(
  { shared, executor, vertex, inputs }: VertexJob<R>,
  tell: Tell,
  signal: AbortSignal,
): Promise<R> {
  using _slot = await shared.slots.acquire(signal)
  const results = inputs.map((input) => input.result)
  // `await`, or the slot would be free before the step ends.
  return await executor.run(vertex, results, {
    signal,
    onOutput: (stream, chunk) => tell({ type: 'output', stream, chunk }),
    onStatus: (status) => tell({ type: 'status', status }),
  })
}

interface Remembered {
  readonly keys: readonly (CacheKey | undefined)[]
  readonly content: readonly KeyInput[]
}

function remember<R>(job: VertexJob<R>, result: R, { keys, content }: Remembered): void {
  const { shared, executor } = job
  const stored = executor.store(result)
  const known = keys.filter((key) => key !== undefined)
  if (stored === undefined || known.length === 0) return
  shared.cache.put(known, { stored, ingredients: ingredients(job, content) })
}

function ingredients<R>(
  { vertex, inputs, origin }: VertexJob<R>,
  content: readonly KeyInput[],
): KeyIngredients {
  const { name, writtenName = name, op } = vertex
  return {
    name,
    // Steps are numbered anew when one is added.
    text: writtenName.replace(/^\[[^\]]*\] /, ''),
    op: opDigest(op),
    definition: canonicalJson(op),
    origin,
    inputs: content.map(({ use, digest }, index) => {
      const input = inputs[index]
      return { use, digest: digest ?? null, ...(input && { name: input.name }) }
    }),
  }
}

function solved<R>(
  { executor, vertex }: VertexJob<R>,
  result: R,
  key: Digest | undefined,
): Solved<R> {
  let identity: Promise<Digest> | undefined
  return {
    name: vertex.name,
    result,
    // What ignored the cache made something new: its consumers must not meet old keys.
    definitionKey: vertex.ignoresCache || key === undefined ? undefined : digestOf(key),
    identity: (signal) => (identity ??= executor.identity(result, signal)),
  }
}
