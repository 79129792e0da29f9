import { readFileSync } from 'node:fs'
import { EngineError, errnoOf, errorMessage } from '#base/errors.ts'
import { checkFields, parseFields } from '#cli/build/csv.ts'
import type { Variables } from '#cli/config/settings.ts'

/** `--secret id=x[,src=path|,env=NAME]` → base64 by id. @throws EngineError */
export function readSecrets(
  flags: readonly string[],
  variables: Variables,
): Readonly<Record<string, string>> {
  return Object.fromEntries(flags.map((flag) => readSecret(flag, variables)))
}

function readSecret(flag: string, variables: Variables): [string, string] {
  const fields = parseFields(flag)
  checkFields('--secret', fields, ['id', 'src', 'source', 'env', 'type'])
  const id = fields.get('id') ?? ''
  if (id === '') throw new EngineError('invalid_argument', `invalid secret ${flag}: id is missing`)
  const type = fields.get('type')
  const source = fields.get('src') ?? fields.get('source')
  const variable = fields.get('env') ?? (type === 'env' ? (source ?? id) : undefined)
  if (variable !== undefined) return [id, fromVariable(variable, variables)]
  if (source === undefined && type !== 'file' && variables[id] !== undefined) {
    return [id, fromVariable(id, variables)]
  }
  return [id, fromFile(source ?? id)]
}

function fromVariable(name: string, variables: Variables): string {
  return Buffer.from(variables[name] ?? '').toString('base64')
}

function fromFile(path: string): string {
  try {
    return readFileSync(path).toString('base64')
  } catch (error) {
    const reason = errnoOf(error) === 'ENOENT' ? 'no such file or directory' : errorMessage(error)
    throw new EngineError('not_found', `failed to stat ${path}: ${reason}`, { cause: error })
  }
}
