/** `--mount` flags of RUN with their defaults filled in and their sources as inputs. */
import { posix } from 'node:path'
import { EngineError } from '#base/errors.ts'
import { expandIn, type LowerContext } from '#build/graph/lower/context.ts'
import { type MountFlag, parseMountFlag } from '#build/graph/mount-flags.ts'
import type { ExecMount, VertexId } from '#build/graph/types.ts'

export interface LoweredMounts {
  readonly mounts: ExecMount[]
  /** Inputs after the root filesystem, which is input 0. */
  readonly inputs: VertexId[]
}

/** @throws EngineError invalid_argument */
export function lowerMounts(context: LowerContext, flags: readonly string[]): LoweredMounts {
  const lowered: LoweredMounts = { mounts: [], inputs: [] }
  for (const flag of flags) {
    lowered.mounts.push(lowerMount(context, parseMountFlag(expandIn(context, flag)), lowered))
  }
  return lowered
}

/** Adds a read-only mount of one generated, executable file. */
export function scriptMount(
  context: LowerContext,
  lowered: LoweredMounts,
  script: { readonly name: string; readonly content: string; readonly directory: string },
): void {
  const { name, content, directory } = script
  const vertex = context.builder.add({ kind: 'inline-file', name, content }, [], {
    name: `script ${name}`,
  })
  const target = posix.join(directory, name)
  lowered.mounts.push({
    type: 'bind',
    target,
    input: addInput(lowered, vertex),
    source: `/${name}`,
    isReadOnly: true,
  })
}

function lowerMount(context: LowerContext, flag: MountFlag, lowered: LoweredMounts): ExecMount {
  switch (flag.type) {
    case 'bind':
      return {
        type: 'bind',
        target: requiredTarget(context, flag),
        input: addInput(lowered, inputOf(context, flag) ?? context.contextRoot()),
        source: flag.source ?? '/',
        isReadOnly: flag.isReadOnly ?? true,
      }
    case 'cache':
      return cacheMount(context, flag, lowered)
    case 'tmpfs':
      return {
        type: 'tmpfs',
        target: requiredTarget(context, flag),
        ...(flag.sizeBytes !== undefined && { sizeBytes: flag.sizeBytes }),
      }
    case 'secret':
      return secretMount(context, flag)
    case 'ssh':
      return sshMount(context, flag, lowered)
  }
}

function cacheMount(context: LowerContext, flag: MountFlag, lowered: LoweredMounts): ExecMount {
  const target = requiredTarget(context, flag)
  const input = inputOf(context, flag)
  const namespace = context.options.buildArgs.get('BUILDKIT_CACHE_MOUNT_NS')
  const cacheId = flag.id ?? posix.normalize(target)
  return {
    type: 'cache',
    target,
    cacheId: namespace === undefined || namespace === '' ? cacheId : `${namespace}/${cacheId}`,
    sharing: flag.sharing ?? 'shared',
    source: flag.source ?? '/',
    isReadOnly: flag.isReadOnly ?? false,
    mode: flag.mode ?? 0o755,
    uid: flag.uid ?? 0,
    gid: flag.gid ?? 0,
    ...(input !== undefined && { input: addInput(lowered, input) }),
  }
}

function secretMount(context: LowerContext, flag: MountFlag): ExecMount {
  const secretId = flag.id ?? (flag.target === undefined ? flag.env : posix.basename(flag.target))
  if (secretId === undefined || secretId === '') {
    throw new EngineError(
      'invalid_argument',
      'invalid secret mount. one of source, target required',
    )
  }
  const isEnvOnly = flag.env !== undefined && flag.target === undefined
  const target = absolute(context, flag.target ?? `/run/secrets/${posix.basename(secretId)}`)
  return {
    type: 'secret',
    secretId,
    isRequired: flag.isRequired ?? false,
    mode: flag.mode ?? 0o400,
    uid: flag.uid ?? 0,
    gid: flag.gid ?? 0,
    ...(!isEnvOnly && { target }),
    ...(flag.env !== undefined && { env: flag.env }),
  }
}

function sshMount(context: LowerContext, flag: MountFlag, lowered: LoweredMounts): ExecMount {
  const number = lowered.mounts.filter(({ type }) => type === 'ssh').length
  return {
    type: 'ssh',
    sshId: flag.id ?? 'default',
    target: absolute(context, flag.target ?? `/run/buildkit/ssh_agent.${number}`),
    isRequired: flag.isRequired ?? false,
    mode: flag.mode ?? 0o600,
    uid: flag.uid ?? 0,
    gid: flag.gid ?? 0,
  }
}

function inputOf(context: LowerContext, flag: MountFlag): VertexId | undefined {
  return flag.from === undefined ? undefined : context.sourceRoot(flag.from)
}

function addInput(lowered: LoweredMounts, vertex: VertexId): number {
  return lowered.inputs.push(vertex)
}

function requiredTarget(context: LowerContext, flag: MountFlag): string {
  if (flag.target === undefined || flag.target === '') {
    throw new EngineError('invalid_argument', `invalid mount target "" for type ${flag.type}`)
  }
  const target = absolute(context, flag.target)
  if (target === '/') throw new EngineError('invalid_argument', 'invalid mount target "/"')
  return target
}

function absolute(context: LowerContext, path: string): string {
  return posix.resolve('/', context.state.config.WorkingDir ?? '/', path)
}
