/** `--security-opt`: what it says and what follows from it. */
import { existsSync, readFileSync } from 'node:fs'
import { EngineError } from '#base/errors.ts'
import type { RuntimeSeccomp } from '#oci/runtime-spec.ts'
import { customSeccomp, defaultSeccomp } from '#runtime/spec/seccomp.ts'
import type { SpecInput } from '#runtime/spec/types.ts'

export interface SecurityOptions {
  readonly noNewPrivileges: boolean
  /** `default`, `unconfined`, or a profile as JSON text. */
  readonly seccomp: string
  /** `systempaths=unconfined`: nothing is masked or read-only. */
  readonly hasSystemPaths: boolean
  readonly apparmor?: string
}

/** @throws EngineError invalid_argument with Docker's texts */
export function parseSecurityOptions(texts: readonly string[]): SecurityOptions {
  const defaults: SecurityOptions = {
    noNewPrivileges: false,
    seccomp: 'default',
    hasSystemPaths: false,
  }
  return Object.assign(defaults, ...texts.map(parseOption))
}

function parseOption(text: string): Partial<SecurityOptions> {
  if (text === 'no-new-privileges') return { noNewPrivileges: true }
  const [, name, value = ''] = /^([^=:]+)[=:](.*)$/s.exec(text) ?? []
  switch (name) {
    case 'no-new-privileges':
      if (value !== 'true' && value !== 'false') throw invalid(text)
      return { noNewPrivileges: value === 'true' }
    case 'seccomp':
      return { seccomp: value === 'builtin' ? 'default' : value }
    case 'systempaths':
      if (value !== 'unconfined') throw invalid(text)
      return { hasSystemPaths: true }
    case 'apparmor':
      return { apparmor: value }
    // Labels say nothing on a machine without SELinux; Docker takes them too.
    case 'label':
      return {}
    case undefined:
      throw invalid(text, 1)
    default:
      throw invalid(text)
  }
}

/** Docker's messages say which of its checks an option failed: 1 = it has no value, 2 = the rest. */
function invalid(text: string, check: 1 | 2 = 2): EngineError {
  const quoted = JSON.stringify(text)
  return new EngineError('invalid_argument', `invalid --security-opt ${check}: ${quoted}`)
}

/** Where the kernel has no AppArmor, a profile says nothing, as with Docker. */
export function hasAppArmor(): boolean {
  const enabled = '/sys/module/apparmor/parameters/enabled'
  return existsSync('/sys/kernel/security/apparmor') && readFileSync(enabled, 'utf8')[0] === 'Y'
}

/** No filter when privileged, unless a profile was given. */
export function resolveSeccomp(
  input: SpecInput,
  options: SecurityOptions,
  capabilities: readonly string[],
): RuntimeSeccomp | undefined {
  if (options.seccomp === 'unconfined') return undefined
  if (options.seccomp !== 'default') return customSeccomp(options.seccomp, capabilities)
  if (input.isPrivileged === true) return undefined
  return defaultSeccomp(capabilities, input.seccompPath)
}
