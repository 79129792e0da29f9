import { posix } from 'node:path'
import { EngineError } from '#base/errors.ts'
import {
  change,
  lowerArg,
  lowerCmd,
  lowerEntrypoint,
  lowerEnv,
  lowerExpose,
  lowerHealthcheck,
  lowerLabel,
  lowerVolume,
} from '#build/graph/lower/config.ts'
import {
  atInstruction,
  expandIn,
  type LowerContext,
  stepName,
  writtenName,
} from '#build/graph/lower/context.ts'
import { lowerCopy } from '#build/graph/lower/copy.ts'
import { plainList, recordEmpty, recordLayer } from '#build/graph/lower/history.ts'
import { lowerRun } from '#build/graph/lower/run.ts'
import { parseSignal } from '#sys/signals.ts'
import type { LocatedInstruction, WorkdirInstruction } from '#build/dockerfile/types.ts'

/** What a stage has said so far that later instructions depend on. */
export interface StageFacts {
  hasOwnCmd: boolean
}

/** Changes the stage's state by one instruction. @throws EngineError pointing at its line */
export function lowerInstruction(
  context: LowerContext,
  instruction: LocatedInstruction,
  facts: StageFacts,
): void {
  try {
    dispatch(context, instruction, facts)
  } catch (error) {
    throw atInstruction(context, instruction, error)
  }
}

function dispatch(context: LowerContext, instruction: LocatedInstruction, facts: StageFacts): void {
  switch (instruction.kind) {
    case 'add':
    case 'copy':
      return lowerCopy(context, instruction)
    case 'arg':
      return lowerArg(context, instruction)
    case 'cmd':
      facts.hasOwnCmd = true
      return lowerCmd(context, instruction.command)
    case 'entrypoint':
      return lowerEntrypoint(context, instruction.command, facts.hasOwnCmd)
    case 'env':
      return lowerEnv(context, instruction)
    case 'expose':
      return lowerExpose(context, instruction)
    case 'healthcheck':
      return lowerHealthcheck(context, instruction)
    case 'label':
      return lowerLabel(context, instruction)
    case 'run':
      return lowerRun(context, instruction)
    case 'volume':
      return lowerVolume(context, instruction)
    case 'workdir':
      return lowerWorkdir(context, instruction)
    case 'from':
      throw new EngineError('internal', 'lower stage: FROM inside a stage')
    default:
      return lowerSimple(context, instruction)
  }
}

type SimpleInstruction = Extract<
  LocatedInstruction,
  { kind: 'maintainer' | 'onbuild' | 'shell' | 'stopsignal' | 'user' }
>

function lowerSimple(context: LowerContext, instruction: SimpleInstruction): void {
  switch (instruction.kind) {
    case 'maintainer':
      context.state.author = instruction.name
      return recordEmpty(context, `MAINTAINER ${instruction.name}`)
    case 'onbuild':
      return change(context, {
        OnBuild: [...(context.state.config.OnBuild ?? []), instruction.expression],
      })
    case 'shell':
      context.state.shell = instruction.shell
      change(context, { Shell: instruction.shell })
      return recordEmpty(context, `SHELL ${plainList(instruction.shell)}`)
    case 'stopsignal': {
      const signal = expandIn(context, instruction.signal)
      if (!/^0*[1-9]\d*$/.test(signal)) parseSignal(signal)
      change(context, { StopSignal: signal })
      return recordEmpty(context, `STOPSIGNAL ${signal}`)
    }
    case 'user': {
      const user = expandIn(context, instruction.user)
      change(context, { User: user })
      return recordEmpty(context, `USER ${user}`)
    }
  }
}

/** An absolute path is kept as written, a relative one joined to the one before. */
function workingDirectory(before: string, path: string): string {
  if (path === '' && before !== '') return before
  return path.startsWith('/') ? path : posix.resolve('/', before, path)
}

/** Relative paths stack; the directory is made at once, as a layer. */
function lowerWorkdir(
  context: LowerContext,
  instruction: WorkdirInstruction & LocatedInstruction,
): void {
  const { state } = context
  const path = workingDirectory(state.config.WorkingDir ?? '', expandIn(context, instruction.path))
  change(context, { WorkingDir: path })
  if (posix.resolve(path) === '/') return recordEmpty(context, `WORKDIR ${path}`)
  const user = state.config.User ?? ''
  const op = {
    kind: 'make-directory',
    path: posix.resolve(path),
    ...(user !== '' && { owner: user }),
  } as const
  state.root = context.builder.add(op, [state.root], {
    name: stepName(context, instruction),
    writtenName: writtenName(context, instruction),
    range: instruction.range,
    ignoresCache: context.ignoresCache,
  })
  state.layers.push(state.root)
  recordLayer(context, `WORKDIR ${path}`, false)
}
