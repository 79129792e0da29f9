import type { Directive } from '#build/dockerfile/directives.ts'
import {
  consistentInstructionCasing,
  fromAsCasing,
  noEmptyContinuation,
  stageNameCasing,
} from '#build/lint/casing.ts'
import {
  copyIgnoredFile,
  exposeFormat,
  invalidDefinitionDescription,
  legacyKeyValueFormat,
  maintainerDeprecated,
} from '#build/lint/format.ts'
import { fromPlatformFlagConstDisallowed, redundantTargetPlatform } from '#build/lint/platform.ts'
import { secretsUsedInArgOrEnv } from '#build/lint/secrets.ts'
import {
  duplicateStageName,
  invalidBaseImagePlatform,
  jsonArgsRecommended,
  multipleInstructionsDisallowed,
  reservedStageName,
  workdirRelativePath,
} from '#build/lint/stages.ts'
import type { LintInput, Rule, Warning } from '#build/lint/types.ts'
import { invalidDefaultArgInFrom, undefinedArgInFrom, undefinedVar } from '#build/lint/variables.ts'

const rules: readonly Rule[] = [
  stageNameCasing,
  fromAsCasing,
  noEmptyContinuation,
  consistentInstructionCasing,
  duplicateStageName,
  reservedStageName,
  jsonArgsRecommended,
  maintainerDeprecated,
  undefinedArgInFrom,
  workdirRelativePath,
  undefinedVar,
  multipleInstructionsDisallowed,
  legacyKeyValueFormat,
  invalidBaseImagePlatform,
  redundantTargetPlatform,
  secretsUsedInArgOrEnv,
  invalidDefaultArgInFrom,
  fromPlatformFlagConstDisallowed,
  copyIgnoredFile,
  invalidDefinitionDescription,
  exposeFormat,
]

/** Rules that run only when `# check=experimental=` names them. */
const experimental: ReadonlySet<string> = new Set(['InvalidDefinitionDescription'])

export interface LintResult {
  readonly warnings: readonly Warning[]
  /** `# check=error=true`: warnings fail the build. */
  readonly isError: boolean
}

/** All checks that the file does not skip, in source order. */
export function lintDockerfile(input: LintInput): LintResult {
  const settings = readSettings(input.dockerfile.directives.check)
  const warnings: Warning[] = []
  for (const rule of rules) {
    rule(input, (name, range, message) => {
      if (isEnabled(settings, name)) warnings.push({ rule: name, range, message })
    })
  }
  warnings.sort((a, b) => a.range.start.line - b.range.start.line)
  return { warnings, isError: settings.isError }
}

interface Settings {
  readonly skip: ReadonlySet<string>
  readonly experimental: ReadonlySet<string>
  readonly isError: boolean
}

/** `skip=A,B;error=true;experimental=all` */
function readSettings(directive: Directive | undefined): Settings {
  const fields = new Map(
    (directive?.value ?? '').split(';').map((field): [string, string] => {
      const [key = '', value = ''] = field.split('=')
      return [key.trim().toLowerCase(), value.trim()]
    }),
  )
  const names = (key: string) =>
    new Set((fields.get(key) ?? '').split(',').map((name) => name.trim()))
  return {
    skip: names('skip'),
    experimental: names('experimental'),
    isError: fields.get('error')?.toLowerCase() === 'true',
  }
}

function isEnabled(settings: Settings, rule: string): boolean {
  if (settings.skip.has('all') || settings.skip.has(rule)) return false
  if (!experimental.has(rule)) return true
  return settings.experimental.has('all') || settings.experimental.has(rule)
}
