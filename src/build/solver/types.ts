/**
 * The solver decides what of a graph must run, in which order, and what it may
 * take from the cache. It knows nothing of files or kernels: operations are
 * executed by an `Executor`, results are opaque.
 *
 * A vertex has up to two cache keys. The **definition key** is the digest of its
 * operation and of its inputs' definition keys; it is known before anything
 * runs. The **content key** is the digest of its operation and of what it
 * reads: the identities of its inputs, or just of the files that a COPY selects.
 * It is computed only when the definition key misses, and lets a step whose
 * inputs were rebuilt to the same content hit again.
 */
import type { Brand } from '#base/brand.ts'
import type { Digest } from '#oci/digest.ts'
import type { Vertex, VertexId } from '#build/graph/types.ts'

export type CacheKey = Brand<Digest, 'CacheKey'>

/** How a vertex depends on one of its inputs. */
export type InputUse =
  /** The whole of it: its keys stand for it. */
  | { readonly use: 'whole' }
  /** A selection of its files: only their digest counts. */
  | { readonly use: 'selection' }
  /** Nothing that changes the output (the destination of COPY --link). */
  | { readonly use: 'none' }

export interface SelectionSource<R> {
  readonly index: number
  readonly input: R
}

/** What executes operations; `R` is a result: a snapshot, a context, a fetched file. */
export interface Executor<R> {
  inputUse(vertex: Vertex, index: number): InputUse
  /** Sources know their key without inputs: an image's digest, a URL's checksum; undefined = ask `identity`. */
  sourceKey(vertex: Vertex, signal: AbortSignal): Promise<Digest | undefined>
  /** Digest of the files of input `index` that the vertex reads, times left out. */
  selectionDigest(vertex: Vertex, source: SelectionSource<R>, signal: AbortSignal): Promise<Digest>
  /** Digest of a result's whole content, times left out. */
  identity(result: R, signal: AbortSignal): Promise<Digest>
  run(vertex: Vertex, inputs: readonly R[], context: RunContext): Promise<R>
  /** A stored result; undefined when it was pruned meanwhile. */
  load(stored: string, signal: AbortSignal): Promise<R | undefined>
  /** A record of a cache that this build brought along; asked when the solver's own has none. */
  findImported?(key: CacheKey): CacheRecord | undefined
  /** The text to store for a result; undefined = not cacheable (a build context). */
  store(result: R): string | undefined
}

export interface RunContext {
  readonly signal: AbortSignal
  /** Output of the step. */
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void
  /** Transfer progress of sources. */
  readonly onStatus: (status: VertexStatus) => void
}

export interface VertexStatus {
  readonly id: string
  readonly text: string
  readonly currentBytes: number
  readonly totalBytes?: number
}

/** Persisted by the metadata store; survives restarts and kill -9. */
export interface CacheStore {
  /** The stored result for a key; touches its time of last use. */
  find(key: CacheKey): CacheRecord | undefined
  /** Puts a result under its keys at once; an existing key is overwritten. */
  put(keys: readonly CacheKey[], record: CacheRecord): void
}

export interface CacheRecord {
  readonly stored: string
  /** What the keys were made of: lets `--why` say what changed. */
  readonly ingredients: KeyIngredients
}

export interface KeyIngredients {
  readonly name: string
  /** The instruction as written. */
  readonly text: string
  readonly op: Digest
  /** The operation itself, canonical JSON; it may hold private values, so it is not shared. */
  readonly definition?: string
  /** Whose build it was: steps of one text in different projects are different steps. */
  readonly origin?: string
  readonly inputs: readonly InputIngredient[]
}

export interface InputIngredient {
  readonly use: InputUse['use']
  readonly digest: Digest | null
  /** Of the vertex. */
  readonly name?: string
}

/** What happens to the vertices of one build, for progress and history. */
export type SolveEvent =
  | { readonly type: 'started'; readonly vertex: Vertex; readonly miss: KeyIngredients }
  | { readonly type: 'cached'; readonly vertex: Vertex }
  | {
      readonly type: 'output'
      readonly id: VertexId
      readonly stream: 'stdout' | 'stderr'
      readonly chunk: Uint8Array
    }
  | { readonly type: 'status'; readonly id: VertexId; readonly status: VertexStatus }
  | { readonly type: 'completed'; readonly vertex: Vertex }
  | { readonly type: 'failed'; readonly vertex: Vertex; readonly error: unknown }

export interface SolveRequest<R> {
  /** Executes this build's vertices: it knows the build's contexts, secrets and limits. */
  readonly executor: Executor<R>
  readonly vertices: ReadonlyMap<VertexId, Vertex>
  /** Vertices whose results are wanted. */
  readonly targets: readonly VertexId[]
  /** Kept with what is cached: names the project. */
  readonly origin?: string
  readonly onEvent: (event: SolveEvent) => void
}

/** One solver serves all builds of an engine, so that equal work is shared between them. */
export interface Solver<R> {
  /** Results of the targets, in order. @throws the first failure; everything of this build has stopped then */
  solve(request: SolveRequest<R>, signal: AbortSignal): Promise<readonly R[]>
}
