import { EngineError } from '#base/errors.ts'
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

/** In the order in which BuildKit finds what is wrong with one line. */
const rules: readonly Rule[] = [
  noEmptyContinuation,
  stageNameCasing,
  fromAsCasing,
  maintainerDeprecated,
  invalidDefinitionDescription,
  reservedStageName,
  duplicateStageName,
  consistentInstructionCasing,
  invalidDefaultArgInFrom,
  undefinedArgInFrom,
  redundantTargetPlatform,
  fromPlatformFlagConstDisallowed,
  invalidBaseImagePlatform,
  undefinedVar,
  legacyKeyValueFormat,
  secretsUsedInArgOrEnv,
  jsonArgsRecommended,
  multipleInstructionsDisallowed,
  workdirRelativePath,
  exposeFormat,
  copyIgnoredFile,
]

/** Rules that run only when `# check=experimental=` names them. */
const experimental: ReadonlySet<string> = new Set(['InvalidDefinitionDescription'])

export interface LintResult {
  readonly warnings: readonly Warning[]
  /** `# check=error=true`: warnings fail the build. */
  readonly isError: boolean
}

/**
 * All checks that the file does not skip, in source order.
 * @throws EngineError invalid_argument for a `# check=` that says nothing known
 */
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
  const fields = new Map((directive?.value.split(';') ?? []).map(readField))
  const names = (key: string) =>
    new Set((fields.get(key) ?? '').split(',').map((name) => name.trim()))
  return {
    skip: names('skip'),
    experimental: names('experimental'),
    isError: readBoolean(fields.get('error') ?? 'false'),
  }
}

const settingNames: ReadonlySet<string> = new Set(['skip', 'error', 'experimental'])

function readField(field: string): [key: string, value: string] {
  const [key = '', value] = field.trimStart().split(/=(.*)/s, 2)
  if (value !== undefined && settingNames.has(key)) return [key, value.trim()]
  throw badSetting(`invalid check option "${key.trim()}"`)
}

/** As Go's strconv reads one. */
function readBoolean(text: string): boolean {
  if (/^(?:1|[tT]|TRUE|true|True)$/.test(text)) return true
  if (/^(?:0|[fF]|FALSE|false|False)$/.test(text)) return false
  const detail = `strconv.ParseBool: parsing "${text}": invalid syntax`
  throw badSetting(`failed to parse check option "error=${text}": ${detail}`)
}

function badSetting(detail: string): EngineError {
  return new EngineError('invalid_argument', `failed to parse check options: ${detail}`)
}

function isEnabled(settings: Settings, rule: string): boolean {
  if (settings.skip.has('all') || settings.skip.has(rule)) return false
  if (!experimental.has(rule)) return true
  return settings.experimental.has('all') || settings.experimental.has(rule)
}
