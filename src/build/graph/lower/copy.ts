/** COPY and ADD become copy vertices, one per kind of source. */
import { posix } from 'node:path'
import { EngineError } from '#base/errors.ts'
import { heredocOfSource } from '#build/dockerfile/copy.ts'
import type { Heredoc } from '#build/dockerfile/heredoc.ts'
import type { AddInstruction, CopyInstruction, Located } from '#build/dockerfile/types.ts'
import { expandIn, type LowerContext } from '#build/graph/lower/context.ts'
import { showInstruction } from '#build/graph/lower/shown.ts'
import { recordLayer } from '#build/graph/lower/history.ts'
import { isGitUrl, isHttpUrl, parseGitUrl } from '#build/graph/urls.ts'
import type { CopyOp, VertexId } from '#build/graph/types.ts'
import { parseDigest } from '#oci/digest.ts'

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
  const written = expandIn(context, instruction.destination)
  const destination = resolveDestination(context, written)
  checkDestination(instruction, sources, destination)
  const groups = groupSources(context, instruction, sources)
  for (const group of groups) {
    const op = copyOp(context, instruction, { group, destination })
    const label = {
      ...showInstruction(context, instruction),
      range: instruction.range,
      ignoresCache: context.ignoresCache,
    }
    const isIndependent = op.isLink && !namesUser(op)
    const under = isIndependent ? context.scratchRoot() : state.root
    const copied = context.builder.add(op, [under, group.root], label)
    state.root = isIndependent
      ? context.builder.add({ kind: 'merge' }, [state.root, copied], {
          ...label,
          name: `[internal] link ${label.name}`,
        })
      : copied
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

function groupSources(
  context: LowerContext,
  instruction: Instruction,
  sources: readonly string[],
): SourceGroup[] {
  const groups: SourceGroup[] = []
  for (const source of sources) {
    const heredoc = heredocOfSource(source, instruction.heredocs)
    if (heredoc) groups.push(inlineGroup(context, heredoc))
    else if (instruction.kind === 'add' && isGitUrl(source))
      groups.push(gitGroup(context, instruction, source))
    else if (instruction.kind === 'add' && isHttpUrl(source))
      groups.push(httpGroup(context, instruction, source))
    else addToLocalGroup(context, instruction, { groups, source })
  }
  return groups
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
  const content = heredoc.expands ? expandBody(context, heredoc.body) : heredoc.body
  const name = `heredoc ${heredoc.name}`
  const root = context.builder.add({ kind: 'inline-file', name: heredoc.name, content }, [], {
    name,
  })
  return { root, patterns: [heredoc.name], unpacks: false }
}

/** Only variables are replaced in a body: quotes stand for themselves. */
function expandBody(context: LowerContext, body: string): string {
  return expandIn(
    context,
    body.replaceAll(/['"]/g, (quote) => `\\${quote}`),
  )
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
      : parseDigest(expandIn(context, instruction.checksum))
  const op = { kind: 'http', url: source, ...(checksum !== undefined && { checksum }) } as const
  const root = context.builder.add(op, [], { name: `fetch ${source}` })
  return { root, patterns: ['*'], unpacks: instruction.unpack ?? false }
}

function copyOp(
  context: LowerContext,
  instruction: Instruction,
  { group, destination }: { readonly group: SourceGroup; readonly destination: string },
): CopyOp {
  const owner = instruction.chown === undefined ? undefined : expandIn(context, instruction.chown)
  const mode = instruction.chmod === undefined ? undefined : expandIn(context, instruction.chmod)
  return {
    kind: 'copy',
    sources: group.patterns,
    destination,
    excludes: instruction.excludes.map((pattern) => expandIn(context, pattern)),
    keepsParents: instruction.kind === 'copy' && instruction.hasParents,
    unpacks: group.unpacks,
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
    ...(instruction.isLink ? ['--link'] : []),
  ]
  return [instruction.keyword.toUpperCase(), ...flags, ...paths].join(' ')
}
