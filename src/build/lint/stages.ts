import type { LocatedInstruction } from '#build/dockerfile/types.ts'
import { scopedInstructions, valueIn } from '#build/lint/scopes.ts'
import type { Rule } from '#build/lint/types.ts'

export const duplicateStageName: Rule = ({ dockerfile }, report) => {
  const seen = new Set<string>()
  for (const { name, from } of dockerfile.stages) {
    if (name === undefined) continue
    if (seen.has(name)) {
      const message = `Duplicate stage name "${name}", stage names should be unique`
      report('DuplicateStageName', from.range, message)
    }
    seen.add(name)
  }
}

export const reservedStageName: Rule = ({ dockerfile }, report) => {
  for (const { name, from } of dockerfile.stages) {
    if (name !== 'scratch' && name !== 'context') continue
    const message = `Stage name should not use the same name as reserved stage "${name}"`
    report('ReservedStageName', from.range, message)
  }
}

const lastOneWins = { cmd: 'CMD', entrypoint: 'ENTRYPOINT', healthcheck: 'HEALTHCHECK' } as const

export const multipleInstructionsDisallowed: Rule = ({ dockerfile, facts }, report) => {
  for (const { instructions } of dockerfile.stages.filter(({ index }) => facts.isReached(index))) {
    for (const [kind, name] of Object.entries(lastOneWins)) {
      const found = instructions.filter((instruction) => instruction.kind === kind)
      const message = `Multiple ${name} instructions should not be used in the same stage because only the last one will be used`
      for (const { range } of found.slice(0, -1))
        report('MultipleInstructionsDisallowed', range, message)
    }
  }
}

/** CMD and ENTRYPOINT in shell form swallow signals, unless a SHELL was chosen before. */
export const jsonArgsRecommended: Rule = (input, report) => {
  for (const { instruction, scope } of scopedInstructions(input)) {
    if (scope.hasShell || !isShellFormEntry(instruction)) continue
    const name = instruction.kind.toUpperCase()
    const message = `JSON arguments recommended for ${name} to prevent unintended behavior related to OS signals`
    report('JSONArgsRecommended', instruction.range, message)
  }
}

function isShellFormEntry(instruction: LocatedInstruction): boolean {
  if (instruction.kind !== 'cmd' && instruction.kind !== 'entrypoint') return false
  return instruction.command.form === 'shell'
}

/** A relative first WORKDIR depends on the base image. */
export const workdirRelativePath: Rule = (input, report) => {
  for (const { instruction, scope } of scopedInstructions(input)) {
    if (instruction.kind !== 'workdir' || scope.hasWorkdir) continue
    const path = valueIn(input, scope, instruction.path)
    if (path === undefined || path.startsWith('/')) continue
    const message = `Relative workdir "${path}" can have unexpected results if the base image changes`
    report('WorkdirRelativePath', instruction.range, message)
  }
}

export const invalidBaseImagePlatform: Rule = ({ dockerfile, facts }, report) => {
  for (const { stageIndex, reference, actual, expected } of facts.basePlatforms) {
    const stage = dockerfile.stages[stageIndex]
    if (!stage || actual === expected) continue
    const message = `Base image ${reference} was pulled with platform "${actual}", expected "${expected}" for current build`
    report('InvalidBaseImagePlatform', stage.from.range, message)
  }
}
