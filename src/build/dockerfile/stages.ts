import { EngineError } from '#base/errors.ts'
import { sourceError, type SourceFile } from '#build/dockerfile/source.ts'
import type {
  ArgInstruction,
  FromInstruction,
  Located,
  LocatedInstruction,
  Stage,
} from '#build/dockerfile/types.ts'

export interface Stages {
  readonly globalArgs: readonly Located<ArgInstruction>[]
  readonly stages: readonly Stage[]
}

/** Cuts the instructions at each FROM. @throws EngineError invalid_argument without one */
export function groupStages(file: SourceFile, instructions: readonly LocatedInstruction[]): Stages {
  const globalArgs: Located<ArgInstruction>[] = []
  const stages: (Stage & { readonly instructions: LocatedInstruction[] })[] = []
  for (const instruction of instructions) {
    const current = stages.at(-1)
    if (isFrom(instruction)) stages.push(beginStage(stages.length, instruction))
    else if (current) current.instructions.push(instruction)
    else if (isArg(instruction)) globalArgs.push(instruction)
    else throw sourceError(file, instruction, 'no build stage in current context')
  }
  if (stages.length === 0) {
    throw new EngineError('invalid_argument', 'dockerfile contains no stages to build')
  }
  return { globalArgs, stages }
}

function beginStage(index: number, from: Located<FromInstruction>) {
  const name = from.name?.toLowerCase()
  return { index, from, instructions: [], ...(name !== undefined && { name }) }
}

function isFrom(instruction: LocatedInstruction): instruction is Located<FromInstruction> {
  return instruction.kind === 'from'
}

function isArg(instruction: LocatedInstruction): instruction is Located<ArgInstruction> {
  return instruction.kind === 'arg'
}
