/** Vertices without inputs: what comes from outside of the build. */
import { EngineError } from '#base/errors.ts'
import { canonicalJson } from '#build/graph/canonical.ts'
import type {
  ContextOp,
  GitOp,
  HttpOp,
  ImageOp,
  InlineFileOp,
  Op,
  Vertex,
} from '#build/graph/types.ts'
import type { BuildMachine, BuildSession } from '#build/ops/machine.ts'
import type { BuildResult } from '#build/ops/result.ts'
import type { RunContext } from '#build/solver/types.ts'
import { fetchGit, resolveCommit } from '#build/sources/git.ts'
import { fetchHttp } from '#build/sources/http.ts'
import { imageResult } from '#build/sources/image.ts'
import { writeInlineFile } from '#build/sources/inline-file.ts'
import { type Digest, digestOf } from '#oci/digest.ts'

export interface SourceQuestion {
  readonly vertex: Vertex
  readonly signal: AbortSignal
}

/** What a source is known by without fetching it; undefined when only its content tells. */
export async function sourceKey(
  _machine: BuildMachine,
  session: BuildSession,
  { vertex, signal }: SourceQuestion,
): Promise<Digest | undefined> {
  const { op } = vertex
  switch (op.kind) {
    case 'image':
      return op.digest
    case 'scratch':
    case 'inline-file':
      return digestOf(canonicalJson(op))
    case 'http':
      return op.checksum
    case 'git':
      return digestOf(await resolveCommit(op, session, signal))
    default:
      return undefined
  }
}

type SourceOp = ImageOp | ContextOp | HttpOp | GitOp | InlineFileOp

export interface SourceTask {
  readonly op: Op
  readonly context: RunContext
}

export async function runSource(
  machine: BuildMachine,
  session: BuildSession,
  { op, context }: SourceTask,
): Promise<BuildResult> {
  if (!isSource(op)) throw new EngineError('internal', `run source: "${op.kind}" is none`)
  switch (op.kind) {
    case 'image':
      return imageResult(machine, session, op.digest)
    case 'context':
      return openContext(session, op.name)
    case 'inline-file':
      return await writeInlineFile(machine, { op, lease: session.lease }, context.signal)
    case 'http':
      return await fetchHttp(machine, { op, session }, context)
    case 'git':
      return await fetchGit(machine, { op, session }, context)
  }
}

function isSource(op: Op): op is SourceOp {
  return ['image', 'context', 'http', 'git', 'inline-file'].includes(op.kind)
}

function openContext({ contexts }: BuildSession, name: string): BuildResult {
  const source = contexts.get(name)
  if (source?.kind === 'directory') {
    return { kind: 'context', path: source.path, ignore: source.ignore }
  }
  throw new EngineError('invalid_argument', `build context "${name}" was not given`)
}
