/**
 * Seccomp profiles in the form Docker and Podman share: rules with `includes`
 * and `excludes` by architecture, capability and kernel, resolved to the OCI form.
 */
import { readFileSync } from 'node:fs'
import { release } from 'node:os'
import { EngineError, errorMessage } from '#base/errors.ts'
import {
  decodeInteger,
  decodeList,
  decodeObject,
  decodeRecord,
  decodeText,
  type JsonObject,
  member,
  parseJsonObject,
} from '#oci/decode.ts'
import type { RuntimeSeccomp } from '#oci/runtime-spec.ts'
import { hardenRules } from '#runtime/spec/seccomp-harden.ts'

/** Debian's golang-github-containers-common. */
export const defaultSeccompPath = '/usr/share/containers/seccomp.json'

type Syscall = NonNullable<RuntimeSeccomp['syscalls']>[number]

export interface SeccompRule extends Syscall {
  readonly includes: RuleCondition
  readonly excludes: RuleCondition
}

interface RuleCondition {
  readonly arches?: readonly string[]
  readonly caps?: readonly string[]
  readonly minKernel?: string
}

export interface SeccompProfile {
  readonly defaultAction: string
  readonly defaultErrnoRet?: number
  readonly architectures: readonly string[]
  readonly rules: readonly SeccompRule[]
}

const archNames: Readonly<Record<string, { go: string; seccomp: string }>> = {
  x64: { go: 'amd64', seccomp: 'SCMP_ARCH_X86_64' },
  arm64: { go: 'arm64', seccomp: 'SCMP_ARCH_AARCH64' },
}

const profiles = new Map<string, SeccompProfile | undefined>()
const resolved = new Map<string, RuntimeSeccomp>()

/**
 * The default profile for a container that holds `capabilities`, with the
 * calls withheld that Docker's own default withholds; undefined where the file is not installed.
 */
export function defaultSeccomp(
  capabilities: readonly string[],
  path = defaultSeccompPath,
): RuntimeSeccomp | undefined {
  if (!profiles.has(path)) profiles.set(path, readDefault(path))
  const profile = profiles.get(path)
  if (!profile) return undefined
  const key = `${path} ${capabilities.join()}`
  const known = resolved.get(key)
  if (known) return known
  const rules = hardenRules(profile.rules, new Set(capabilities))
  const seccomp = resolveProfile({ ...profile, rules }, capabilities)
  resolved.set(key, seccomp)
  return seccomp
}

/** A profile given by the user, as JSON text. @throws EngineError invalid_argument */
export function customSeccomp(json: string, capabilities: readonly string[]): RuntimeSeccomp {
  let profile: SeccompProfile
  try {
    profile = parseSeccompProfile(Buffer.from(json))
  } catch (error) {
    const detail = errorMessage(error)
    const message = `Decoding seccomp profile failed: ${detail}`
    throw new EngineError('invalid_argument', message, { cause: error })
  }
  return resolveProfile(profile, capabilities)
}

function readDefault(path: string): SeccompProfile | undefined {
  try {
    return parseSeccompProfile(readFileSync(path))
  } catch (error) {
    if (path === defaultSeccompPath && error instanceof Error && 'code' in error) return undefined
    throw error
  }
}

export function parseSeccompProfile(bytes: Uint8Array): SeccompProfile {
  const json = parseJsonObject(bytes, 'seccomp profile')
  if (json['defaultAction'] === undefined) {
    throw new EngineError('invalid_argument', 'parse seccomp profile: no defaultAction')
  }
  return {
    defaultAction: decodeText(json['defaultAction'], 'defaultAction'),
    ...member(json, 'defaultErrnoRet', decodeInteger),
    architectures: readArchitectures(json),
    rules: decodeList(decodeRule)(json['syscalls'] ?? [], 'syscalls'),
  }
}

/** `architectures` of plain profiles, or this machine's entry of `archMap`. */
function readArchitectures(json: JsonObject): readonly string[] {
  const listed = member(json, 'architectures', decodeList(decodeText)).architectures
  if (listed) return listed
  const own = archNames[process.arch]?.seccomp
  const entries = decodeList(decodeObject)(json['archMap'] ?? [], 'archMap')
  const entry = entries.find(({ architecture }) => architecture === own)
  if (own === undefined || !entry) return []
  return [own, ...decodeList(decodeText)(entry['subArchitectures'] ?? [], 'subArchitectures')]
}

function decodeRule(value: unknown, path: string): SeccompRule {
  const json = decodeObject(value, path)
  const { name } = member(json, 'name', decodeText)
  const { names } = member(json, 'names', decodeList(decodeText))
  return {
    names: names ?? (name === undefined ? [] : [name]),
    action: decodeText(json['action'], `${path}.action`),
    ...member(json, 'errnoRet', decodeInteger),
    ...member(json, 'args', decodeList(decodeArgument)),
    includes: decodeCondition(json['includes'] ?? {}, `${path}.includes`),
    excludes: decodeCondition(json['excludes'] ?? {}, `${path}.excludes`),
  }
}

function decodeArgument(value: unknown, path: string) {
  const json = decodeRecord((item) => item)(value, path)
  return {
    index: decodeInteger(json['index'], `${path}.index`),
    value: decodeInteger(json['value'], `${path}.value`),
    ...member(json, 'valueTwo', decodeInteger),
    op: decodeText(json['op'], `${path}.op`),
  }
}

function decodeCondition(value: unknown, path: string): RuleCondition {
  const json = decodeObject(value, path)
  const list = decodeList(decodeText)
  return {
    ...member(json, 'arches', list),
    ...member(json, 'caps', list),
    ...member(json, 'minKernel', decodeText),
  }
}

function resolveProfile(profile: SeccompProfile, capabilities: readonly string[]): RuntimeSeccomp {
  const held = new Set(capabilities)
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    architectures: profile.architectures,
    syscalls: profile.rules
      .filter((rule) => applies(rule, held))
      .map(({ includes: _includes, excludes: _excludes, ...rule }) => rule),
  }
}

function applies({ includes, excludes }: SeccompRule, held: ReadonlySet<string>): boolean {
  const arch = archNames[process.arch]?.go ?? process.arch
  if (includes.arches && includes.arches.length > 0 && !includes.arches.includes(arch)) return false
  if (includes.caps?.some((name) => !held.has(name)) === true) return false
  if (includes.minKernel !== undefined && !isKernelAtLeast(includes.minKernel)) return false
  if (excludes.arches?.includes(arch) === true) return false
  if (excludes.caps?.some((name) => held.has(name)) === true) return false
  return excludes.minKernel === undefined || !isKernelAtLeast(excludes.minKernel)
}

function isKernelAtLeast(wanted: string): boolean {
  const [major = 0, minor = 0] = wanted.split('.').map(Number)
  const [ownMajor = 0, ownMinor = 0] = release().split(/[.-]/).map(Number)
  return ownMajor > major || (ownMajor === major && ownMinor >= minor)
}
