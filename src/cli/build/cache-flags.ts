import { EngineError } from '#base/errors.ts'
import { parseFields } from '#cli/build/csv.ts'
import type { CacheLocationBody } from '#wire/build.ts'

/** `--cache-from` and `--cache-to`: `type=…` fields, or an image's name. @throws EngineError */
export function readCacheFlag(flag: string): CacheLocationBody {
  if (!flag.includes('=')) return { type: 'registry', reference: flag, mode: 'min' }
  const fields = parseFields(flag)
  const mode = fields.get('mode') === 'max' ? 'max' : 'min'
  const type = fields.get('type')
  switch (type) {
    case 'inline':
      return { type }
    case 'registry':
      return { type, mode, reference: needed(flag, fields.get('ref')) }
    case 'local':
      return { type, mode, path: needed(flag, fields.get('dest') ?? fields.get('src')) }
    default:
      throw new EngineError('invalid_argument', `unknown cache type: "${type ?? ''}"`)
  }
}

function needed(flag: string, value: string | undefined): string {
  if (value !== undefined && value !== '') return value
  throw new EngineError('invalid_argument', `cache "${flag}": its place is missing`)
}
