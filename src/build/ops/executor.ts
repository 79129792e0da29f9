/** Executes the vertices of one build. */
import { EngineError, errorKind, findEngineError } from '#base/errors.ts'
import type { ExecOp, Vertex } from '#build/graph/types.ts'
import { runCopy, runMakeDirectory, selectionOf } from '#build/ops/copy.ts'
import { runExec } from '#build/ops/exec.ts'
import type { BuildMachine, BuildSession } from '#build/ops/machine.ts'
import { runMerge } from '#build/ops/merge.ts'
import {
  type BuildResult,
  decodeResult,
  emptyResult,
  encodeResult,
  identityOf,
  type SnapshotResult,
  topOf,
} from '#build/ops/result.ts'
import { digestSelected, everything } from '#build/ops/selection.ts'
import type { Executor, InputUse, RunContext } from '#build/solver/types.ts'
import { runSource, sourceKey } from '#build/sources/sources.ts'
import { shortId } from '#base/ids.ts'
import type { Selection } from '#sys/trees/messages.ts'

export function createExecutor(
  machine: BuildMachine,
  session: BuildSession,
): Executor<BuildResult> {
  return {
    inputUse,
    sourceKey: (vertex, signal) => sourceKey(machine, session, { vertex, signal }),
    async selectionDigest(vertex, { index, input }, signal) {
      const selection = selectionFor(vertex, index)
      try {
        return await digestSelected(machine, { result: input, selection }, signal)
      } catch (error) {
        throw unreadable(session, vertex, { index, error })
      }
    },
    async identity(result, signal) {
      if (result.kind === 'snapshot') return identityOf(result)
      return await digestSelected(machine, { result, selection: everything }, signal)
    },
    run: (vertex, inputs, context) =>
      session.hold.use(() => run({ machine, session }, { vertex, inputs }, context)),
    async load(stored, signal) {
      const result = decodeResult(stored)
      const top = topOf(result)
      if (top === undefined) return result
      // Held first, so that gc cannot take it once it was seen.
      session.lease.keepSnapshot(top)
      if (machine.stores.snapshots.has(top)) return result
      return (await session.imported.fetch(result, signal)) ? result : undefined
    },
    findImported: (key) => session.imported.find(key),
    store: (result) => (result.kind === 'snapshot' ? encodeResult(result) : undefined),
  }
}

function inputUse({ op }: Vertex, index: number): InputUse {
  if (index === 0) return { use: 'whole' }
  switch (op.kind) {
    case 'copy':
    case 'exec':
      return { use: 'selection' }
    default:
      return { use: 'whole' }
  }
}

function selectionFor({ op }: Vertex, index: number): Selection {
  if (op.kind === 'copy') return selectionOf(op, index - 1)
  if (op.kind === 'exec') return { ...everything, patterns: [mountedSource(op, index)] }
  return everything
}

function mountedSource({ mounts }: ExecOp, index: number): string {
  const mount = mounts.find((candidate) => 'input' in candidate && candidate.input === index)
  return mount && 'source' in mount ? mount.source : '/'
}

/** Docker's words around the path that is missing. */
function unreadable(
  { buildId }: BuildSession,
  { inputs }: Vertex,
  { index, error }: { readonly index: number; readonly error: unknown },
): unknown {
  const found = findEngineError(error)
  if (!found || errorKind(error) !== 'not_found') return error
  const ref = `${buildId}::${shortId(inputs[index] ?? '')}`
  return new EngineError(
    'not_found',
    `failed to compute cache key: failed to calculate checksum of ref ${ref}: ${found.message}`,
    { cause: error, ...(found.hint === undefined ? {} : { hint: found.hint }) },
  )
}

interface Build {
  readonly machine: BuildMachine
  readonly session: BuildSession
}

interface Task {
  readonly vertex: Vertex
  readonly inputs: readonly BuildResult[]
}

async function run(
  { machine, session }: Build,
  { vertex, inputs }: Task,
  context: RunContext,
): Promise<BuildResult> {
  const { op } = vertex
  const { lease } = session
  const { signal } = context
  switch (op.kind) {
    case 'copy': {
      const sources = inputs.slice(1)
      return await runCopy(
        machine,
        { op, inputs: { root: rootOf(inputs), sources }, lease },
        context,
      )
    }
    case 'merge': {
      const layer = snapshotAt(inputs, 1)
      return await runMerge(machine, { root: rootOf(inputs), layer, lease }, signal)
    }
    case 'make-directory':
      return await runMakeDirectory(machine, { op, root: rootOf(inputs), lease }, context)
    case 'exec':
      return await runExec(
        machine,
        { session, step: { op, root: rootOf(inputs), inputs } },
        context,
      )
    case 'scratch':
      return emptyResult
    default:
      return await runSource(machine, session, { op, context })
  }
}

function rootOf(inputs: readonly BuildResult[]): SnapshotResult {
  return snapshotAt(inputs, 0)
}

/** A named context may be what a stage begins with. */
function snapshotAt(inputs: readonly BuildResult[], index: number): SnapshotResult {
  const input = inputs[index]
  if (input?.kind === 'snapshot') return input
  throw new EngineError('internal', `run step: input ${index} is no snapshot`)
}
