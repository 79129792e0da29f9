/** COPY and ADD become copy vertices, one per kind of source. */
import { posix } from 'node:path'
import { EngineError } from '#base/errors.ts'
import { heredocOfSource } from '#build/dockerfile/copy.ts'
import type { Heredoc } from '#build/dockerfile/heredoc.ts'
import type { AddInstruction, CopyInstruction, Located } from '#build/dockerfile/types.ts'
import {
  expandBodyIn,
  expandIn,
  type LowerContext,
  stepName,
  writtenName,
} from '#build/graph/lower/context.ts'
import { recordLayer } from '#build/graph/lower/history.ts'
import { isGitUrl, isHttpUrl, parseGitUrl } from '#build/graph/urls.ts'
import type { CopyOp, CopyPart, VertexId } from '#build/graph/types.ts'
import { type Digest, parseDigest } from '#oci/digest.ts'

type Instruction = Located<AddInstruction> | Located<CopyInstruction>

/** Sources that come from one root: copied by one vertex. */
interface SourceGroup {
  readonly root: VertexId
  readonly patterns: string[]
  readonly unpacks: boolean
}

export function lowerCopy(context: LowerContext, instruction: Instruction): void {
  const { state } = context
  const sources = instruction.sources.map((source) => expandSource(context, instruction, source))
  checkChecksum(instruction, sources)
  const written = expandIn(context, instruction.destination)
  const destination = resolveDestination(context, written)
  checkDestination(instruction, sources, destination)
  const groups = groupSources(context, instruction, sources)
  const op = copyOp(context, instruction, { groups, destination })
  const label = {
    name: stepName(context, instruction),
    writtenName: writtenName(context, instruction),
    range: instruction.range,
    ignoresCache: context.ignoresCache,
  }
  const roots = groups.map(({ root }) => root)
  if (op.isLink && !namesUser(op)) {
    const copied = context.builder.add(op, [context.scratchRoot(), ...roots], label)
    const name = `[internal] link ${label.name}`
    state.root = context.builder.add({ kind: 'merge' }, [state.root, copied], { ...label, name })
  } else {
    state.root = context.builder.add(op, [state.root, ...roots], label)
  }
  state.layers.push(state.root)
  recordLayer(context, historyText(context, instruction, [...sources, written]), true)
}

/** A name can only be looked up in the target, so the layer depends on it. */
function namesUser({ owner = '' }: CopyOp): boolean {
  return /[^\d:]/.test(owner)
}

function expandSource(context: LowerContext, instruction: Instruction, source: string): string {
  return heredocOfSource(source, instruction.heredocs) ? source : expandIn(context, source)
}

function checkChecksum(instruction: Instruction, sources: readonly string[]): void {
  if (instruction.kind !== 'add' || instruction.checksum === undefined) return
  if (sources.length !== 1) {
    throw new EngineError('invalid_argument', "checksum can't be specified for multiple sources")
  }
  if (sources.every((source) => isHttpUrl(source) || isGitUrl(source))) return
  throw new EngineError('invalid_argument', 'checksum requires HTTP(S) or Git sources')
}

function checkDestination(
  instruction: Instruction,
  sources: readonly string[],
  destination: string,
): void {
  if (sources.length < 2 || destination.endsWith('/')) return
  const keyword = instruction.keyword.toUpperCase()
  throw new EngineError(
    'invalid_argument',
    `When using ${keyword} with more than one source file, the destination must be a directory and end with a /`,
  )
}

/** Relative to the working directory; a trailing slash (or `.`) still means a directory. */
function resolveDestination(context: LowerContext, destination: string): string {
  const isDirectory = /(?:^|\/)\.{0,2}$/.test(destination)
  const path = posix.resolve('/', context.state.config.WorkingDir ?? '/', destination)
  return isDirectory && path !== '/' ? `${path}/` : path
}

/** Heredocs come last, whatever their place in the line. */
function groupSources(
  context: LowerContext,
  instruction: Instruction,
  sources: readonly string[],
): SourceGroup[] {
  const groups: SourceGroup[] = []
  const heredocs: SourceGroup[] = []
  for (const source of sources) {
    const heredoc = heredocOfSource(source, instruction.heredocs)
    if (heredoc) heredocs.push(inlineGroup(context, heredoc))
    else if (instruction.kind === 'add' && isGitUrl(source))
      groups.push(gitGroup(context, instruction, source))
    else if (instruction.kind === 'add' && isHttpUrl(source))
      groups.push(httpGroup(context, instruction, source))
    else addToLocalGroup(context, instruction, { groups, source })
  }
  return [...groups, ...heredocs]
}

function addToLocalGroup(
  context: LowerContext,
  instruction: Instruction,
  { groups, source }: { readonly groups: SourceGroup[]; readonly source: string },
): void {
  const hasFrom = instruction.kind === 'copy' && instruction.from !== undefined
  const root = hasFrom ? context.sourceRoot(instruction.from ?? '') : context.contextRoot()
  const unpacks = instruction.kind === 'add' && (instruction.unpack ?? true)
  const last = groups.at(-1)
  if (last?.root === root && last.unpacks === unpacks) last.patterns.push(source)
  else groups.push({ root, patterns: [source], unpacks })
}

function inlineGroup(context: LowerContext, heredoc: Heredoc): SourceGroup {
  const content = heredoc.expands ? expandBodyIn(context, heredoc.body) : heredoc.body
  const name = `heredoc ${heredoc.name}`
  const root = context.builder.add({ kind: 'inline-file', name: heredoc.name, content }, [], {
    name,
  })
  return { root, patterns: [heredoc.name], unpacks: false }
}

function gitGroup(context: LowerContext, instruction: AddInstruction, source: string): SourceGroup {
  const op = {
    kind: 'git',
    ...parseGitUrl(source),
    keepsGitDirectory: instruction.keepGitDir ?? false,
    ...(instruction.checksum !== undefined && {
      checksum: expandIn(context, instruction.checksum),
    }),
  } as const
  return {
    root: context.builder.add(op, [], { name: `fetch ${source}` }),
    patterns: ['/'],
    unpacks: false,
  }
}

function httpGroup(
  context: LowerContext,
  instruction: AddInstruction,
  source: string,
): SourceGroup {
  const checksum =
    instruction.checksum === undefined
      ? undefined
      : readChecksum(expandIn(context, instruction.checksum))
  const op = { kind: 'http', url: source, ...(checksum !== undefined && { checksum }) } as const
  const root = context.builder.add(op, [], { name: `fetch ${source}` })
  return { root, patterns: ['*'], unpacks: instruction.unpack ?? false }
}

function readChecksum(text: string): Digest {
  if (/^sha256:[a-f0-9]+$/.test(text) && text.length !== 'sha256:'.length + 64) {
    throw new EngineError('invalid_argument', 'invalid checksum digest length')
  }
  return parseDigest(text)
}

function copyOp(
  context: LowerContext,
  instruction: Instruction,
  {
    groups,
    destination,
  }: { readonly groups: readonly SourceGroup[]; readonly destination: string },
): CopyOp {
  const owner = instruction.chown === undefined ? undefined : expandIn(context, instruction.chown)
  const mode = instruction.chmod === undefined ? undefined : expandIn(context, instruction.chmod)
  const [first = { sources: [], unpacks: false }, ...more] = groups.map(
    ({ patterns, unpacks }): CopyPart => ({ sources: patterns, unpacks }),
  )
  return {
    kind: 'copy',
    ...first,
    ...(more.length > 0 && { more }),
    destination,
    excludes: instruction.excludes.map((pattern) => expandIn(context, pattern)),
    keepsParents: instruction.kind === 'copy' && instruction.hasParents,
    isLink: instruction.isLink,
    ...(owner !== undefined && { owner }),
    ...(mode !== undefined && { mode }),
  }
}

function historyText(
  context: LowerContext,
  instruction: Instruction,
  paths: readonly string[],
): string {
  const flags = [
    ...(instruction.chown === undefined ? [] : [`--chown=${expandIn(context, instruction.chown)}`]),
    ...(instruction.chmod === undefined ? [] : [`--chmod=${expandIn(context, instruction.chmod)}`]),
  ]
  const destination = paths.at(-1) ?? ''
  const sources = paths.slice(0, -1).map((path) => ({
    path,
    heredoc: heredocOfSource(path, instruction.heredocs),
  }))
  const files = sources.flatMap(({ path, heredoc }) => (heredoc ? [] : [path]))
  const heredocs = sources.flatMap(({ heredoc }) => (heredoc ? [`<<${heredoc.name}`] : []))
  const keyword = instruction.keyword.toUpperCase()
  return [keyword, ...flags, ...files, ...heredocs, destination].join(' ')
}
