/** `--check` and `--call`: what a Dockerfile says, without building it. */
import { optionsOf, parse } from '#build/builder/plan.ts'
import type { ArgInstruction, Dockerfile, Located, Stage } from '#build/dockerfile/types.ts'
import { parseMountFlag } from '#build/graph/mount-flags.ts'
import { planStages } from '#build/graph/plan.ts'
import { lintDockerfile } from '#build/lint/lint.ts'
import type { InspectOutcome, InspectRequest, Outline, TargetInfo } from '#build/types.ts'
import { createIgnoreMatcher } from '#oci/ignore.ts'
import { hostPlatform } from '#oci/platform.ts'

/** @throws EngineError invalid_argument for a Dockerfile that cannot be parsed or planned */
export function inspectDockerfile(request: InspectRequest): InspectOutcome {
  const dockerfile = parse(request)
  switch (request.call) {
    case 'check':
      return { call: 'check', ...check(dockerfile, request) }
    case 'outline':
      return { call: 'outline', outline: outlineOf(dockerfile, request) }
    case 'targets':
      return { call: 'targets', targets: targetsOf(dockerfile) }
  }
}

function check(dockerfile: Dockerfile, { ignore }: InspectRequest) {
  const ignored = createIgnoreMatcher(ignore)
  const facts = {
    baseEnv: () => new Set<string>(),
    isIgnored: (path: string) => ignored.isIgnored(path),
    basePlatforms: [],
  }
  return lintDockerfile({ dockerfile, facts })
}

/** Of the stages that the target needs; a description is a comment that begins with the name. */
function outlineOf(dockerfile: Dockerfile, request: InspectRequest): Outline {
  const options = {
    ...request,
    contexts: new Map(),
    labels: {},
    uncachedStages: new Set<string>(),
    network: 'default',
  } as const
  const { stages } = planStages(dockerfile, optionsOf(options, hostPlatform()))
  const reached = stages.map(({ stage }) => stage)
  const target = reached.at(-1)
  const name = target?.name
  const description = target && stageDescription(target)
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    args: argsOf(dockerfile, reached, request.buildArgs),
    secrets: mountIds(reached, 'secret'),
    ssh: mountIds(reached, 'ssh'),
  }
}

function argsOf(
  dockerfile: Dockerfile,
  stages: readonly Stage[],
  given: ReadonlyMap<string, string>,
): Outline['args'] {
  const declared = new Map<string, Outline['args'][number]>()
  const own = stages.flatMap(({ instructions }) => instructions).filter((one) => one.kind === 'arg')
  for (const instruction of [...dockerfile.globalArgs, ...own]) {
    for (const { key, value } of instruction.args) {
      const known = declared.get(key)
      const text = given.get(key) ?? value ?? known?.value
      const description = argDescription(instruction, key) ?? known?.description
      declared.set(key, {
        name: key,
        ...(description !== undefined && { description }),
        ...(text !== undefined && { value: text }),
      })
    }
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
