/** `--check` and `--call`: what a Dockerfile says, without building it. */
import { checkDockerfile } from '#build/builder/check.ts'
import { optionsOf, parse } from '#build/builder/plan.ts'
import type { ArgInstruction, Dockerfile, Located, Stage } from '#build/dockerfile/types.ts'
import { parseMountFlag } from '#build/graph/mount-flags.ts'
import { type BuildOptions, globalValues, platformArgs } from '#build/graph/options.ts'
import { planStages } from '#build/graph/plan.ts'
import { scopedInstructions } from '#build/lint/scopes.ts'
import type { InspectOutcome, InspectRequest, Outline, TargetInfo } from '#build/types.ts'
import type { Images } from '#image/types.ts'
import { hostPlatform } from '#oci/platform.ts'

/** @throws EngineError invalid_argument for a Dockerfile that cannot be parsed or planned */
export function inspectDockerfile(
  images: Pick<Images, 'find'>,
  request: InspectRequest,
): InspectOutcome {
  const dockerfile = parse(request)
  const options = inspectOptions(request)
  switch (request.call) {
    case 'check':
      return checkDockerfile({ dockerfile, options, images })
    case 'outline':
      return { call: 'outline', outline: outlineOf(dockerfile, options) }
    case 'targets':
      return { call: 'targets', targets: targetsOf(dockerfile) }
  }
}

function inspectOptions(request: InspectRequest): BuildOptions {
  const options = {
    ...request,
    contexts: new Map(),
    labels: {},
    uncachedStages: new Set<string>(),
    network: 'default',
  } as const
  return { ...optionsOf(options, hostPlatform()), ignorePatterns: request.ignore }
}

/** Of the stages that the target needs; a description is a comment that begins with the name. */
function outlineOf(dockerfile: Dockerfile, options: BuildOptions): Outline {
  const { stages } = planStages(dockerfile, options)
  const reached = stages.map(({ stage }) => stage)
  const target = reached.at(-1)
  const name = target?.name
  const description = target && stageDescription(target)
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    args: argsOf(dockerfile, reached, options),
    secrets: mountIds(reached, 'secret'),
    ssh: mountIds(reached, 'ssh'),
  }
}

/** With the values that a build would give them; platform arguments are always there. */
function argsOf(
  dockerfile: Dockerfile,
  stages: readonly Stage[],
  options: BuildOptions,
): Outline['args'] {
  const given = platformArgs(options)
  const globals = globalValues(dockerfile, options)
  const declared = new Map<string, Outline['args'][number]>()
  const declare = (
    instruction: Located<ArgInstruction>,
    valueOf: (key: string) => string | undefined,
  ) => {
    for (const { key } of instruction.args.filter((arg) => !given.has(arg.key))) {
      const description = argDescription(instruction, key) ?? declared.get(key)?.description
      const value = valueOf(key)
      declared.set(key, {
        name: key,
        ...(description !== undefined && { description }),
        ...(value !== undefined && { value }),
      })
    }
  }
  for (const arg of dockerfile.globalArgs) declare(arg, (key) => globals.get(key))
  const reached = new Set(stages.map(({ index }) => index))
  const facts = {
    base: () => undefined,
    isReached: (index: number) => reached.has(index),
    buildArgs: options.buildArgs,
    globals,
  }
  const scoped = [...scopedInstructions({ dockerfile, facts })]
  for (const { instruction, after } of scoped) {
    if (instruction.kind === 'arg') declare(instruction, (key) => after.get(key))
  }
  return [...declared.values()]
}

function argDescription({ comments }: Located<ArgInstruction>, name: string): string | undefined {
  return describedBy(comments, name)
}

function stageDescription({ from, name }: Stage): string | undefined {
  return name === undefined ? undefined : describedBy(from.comments, name)
}

function describedBy(comments: readonly string[], name: string): string | undefined {
  const prefix = `${name.toLowerCase()} `
  const found = comments
    .map((comment) => comment.replace(/^#?\s*/, ''))
    .findLast((comment) => comment.toLowerCase().startsWith(prefix))
  return found?.slice(prefix.length).trim()
}

function mountIds(stages: readonly Stage[], type: 'secret' | 'ssh'): Outline['secrets'] {
  const found = new Map<string, boolean>()
  for (const instruction of stages.flatMap(({ instructions }) => instructions)) {
    if (instruction.kind !== 'run') continue
    for (const mount of instruction.mounts.map(parseMountFlag)) {
      if (mount.type !== type) continue
      const fallback = type === 'ssh' ? 'default' : (mount.target?.split('/').at(-1) ?? '')
      const id = mount.id ?? fallback
      found.set(id, (found.get(id) ?? false) || mount.isRequired === true)
    }
  }
  return [...found].map(([id, isRequired]) => ({ id, isRequired }))
}

function targetsOf({ stages }: Dockerfile): TargetInfo[] {
  return stages.map((stage) => {
    const description = stageDescription(stage)
    return {
      name: stage.name ?? '',
      base: stage.from.image,
      isDefault: stage.index === stages.length - 1,
      ...(description !== undefined && { description }),
    }
  })
}
