import type { Rule } from '#build/lint/types.ts'

export const stageNameCasing: Rule = ({ dockerfile }, report) => {
  for (const { from } of dockerfile.stages) {
    if (from.name === undefined || from.name === from.name.toLowerCase()) continue
    report('StageNameCasing', from.range, `Stage name '${from.name}' should be lowercase`)
  }
}

export const fromAsCasing: Rule = ({ dockerfile }, report) => {
  for (const { from } of dockerfile.stages) {
    if (from.asKeyword === undefined || caseOf(from.asKeyword) === caseOf(from.keyword)) continue
    const message = `'${from.asKeyword}' and '${from.keyword}' keywords' casing do not match`
    report('FromAsCasing', from.range, message)
  }
}

/** The case that most instructions have; upper case on a draw. */
export const consistentInstructionCasing: Rule = ({ dockerfile }, report) => {
  const cases = dockerfile.instructions.map(({ keyword }) => caseOf(keyword))
  const lower = cases.filter((found) => found === 'lowercase').length
  const upper = cases.filter((found) => found === 'uppercase').length
  const majority = lower > upper ? 'lowercase' : 'uppercase'
  for (const { keyword, range } of dockerfile.instructions) {
    if (caseOf(keyword) === majority) continue
    const message = `Command '${keyword}' should match the case of the command majority (${majority})`
    report('ConsistentInstructionCasing', range, message)
  }
}

export const noEmptyContinuation: Rule = ({ dockerfile }, report) => {
  for (const { emptyContinuationLine: line } of dockerfile.instructions) {
    if (line === undefined) continue
    const at = { line, column: 1 }
    report('NoEmptyContinuation', { start: at, end: at }, 'Empty continuation line')
  }
}

function caseOf(word: string): 'lowercase' | 'uppercase' | 'mixed' {
  if (word === word.toLowerCase()) return 'lowercase'
  return word === word.toUpperCase() ? 'uppercase' : 'mixed'
}
