import { scopedInstructions } from '#build/lint/scopes.ts'
import type { Rule } from '#build/lint/types.ts'

const secretWords = [
  'apikey',
  'auth',
  'credential',
  'credentials',
  'key',
  'password',
  'pword',
  'passwd',
  'secret',
  'token',
]
const secretName = new RegExp(`(?:_|^)(?:${secretWords.join('|')})(?:_|$)`, 'i')
const publicName = /(?:_|^)public(?:_|$)/i

export const secretsUsedInArgOrEnv: Rule = (input, report) => {
  for (const { instruction } of scopedInstructions(input)) {
    if (instruction.kind !== 'arg' && instruction.kind !== 'env') continue
    const keys = (instruction.kind === 'arg' ? instruction.args : instruction.pairs).map(
      ({ key }) => key,
    )
    for (const key of keys.filter((name) => secretName.test(name) && !publicName.test(name))) {
      const name = instruction.kind.toUpperCase()
      const message = `Do not use ARG or ENV instructions for sensitive data (${name} "${key}")`
      report('SecretsUsedInArgOrEnv', instruction.range, message)
    }
  }
}
