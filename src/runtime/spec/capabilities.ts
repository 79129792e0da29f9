/** capabilities(7), with Docker's default set and texts. */
import { readFileSync } from 'node:fs'
import { EngineError } from '#base/errors.ts'
import type { RuntimeCapabilities } from '#oci/runtime-spec.ts'

/** By number: index 0 is CAP_CHOWN. */
const names = [
  'CHOWN',
  'DAC_OVERRIDE',
  'DAC_READ_SEARCH',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'LINUX_IMMUTABLE',
  'NET_BIND_SERVICE',
  'NET_BROADCAST',
  'NET_ADMIN',
  'NET_RAW',
  'IPC_LOCK',
  'IPC_OWNER',
  'SYS_MODULE',
  'SYS_RAWIO',
  'SYS_CHROOT',
  'SYS_PTRACE',
  'SYS_PACCT',
  'SYS_ADMIN',
  'SYS_BOOT',
  'SYS_NICE',
  'SYS_RESOURCE',
  'SYS_TIME',
  'SYS_TTY_CONFIG',
  'MKNOD',
  'LEASE',
  'AUDIT_WRITE',
  'AUDIT_CONTROL',
  'SETFCAP',
  'MAC_OVERRIDE',
  'MAC_ADMIN',
  'SYSLOG',
  'WAKE_ALARM',
  'BLOCK_SUSPEND',
  'AUDIT_READ',
  'PERFMON',
  'BPF',
  'CHECKPOINT_RESTORE',
].map((name) => `CAP_${name}`)

/** What a container holds unless it asks for more or less. */
export const defaultCapabilities: readonly string[] = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FSETID',
  'CAP_FOWNER',
  'CAP_MKNOD',
  'CAP_NET_RAW',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
  'CAP_KILL',
  'CAP_AUDIT_WRITE',
]

export interface CapabilityRequest {
  readonly capAdd: readonly string[]
  readonly capDrop: readonly string[]
  readonly isPrivileged: boolean
}

/**
 * The capabilities a container gets, of those in `available` (the engine's own
 * bounding set: nothing else can be given).
 * @throws EngineError invalid_argument "invalid CapAdd: unknown capability: "CAP_X""
 */
export function resolveCapabilities(
  request: CapabilityRequest,
  available: ReadonlySet<string>,
): readonly string[] {
  const add = normalize('CapAdd', request.capAdd)
  const drop = normalize('CapDrop', request.capDrop)
  const held = request.isPrivileged ? names : chosen(add, drop)
  return held.filter((name) => available.has(name))
}

function chosen(add: ReadonlySet<string>, drop: ReadonlySet<string>): readonly string[] {
  if (drop.has('ALL')) return names.filter((name) => add.has('ALL') || add.has(name))
  const base = add.has('ALL') ? names : [...defaultCapabilities, ...add]
  return names.filter((name) => base.includes(name) && !drop.has(name))
}

/** `net_admin` and `CAP_NET_ADMIN` are the same; `ALL` stays. */
function normalize(member: 'CapAdd' | 'CapDrop', texts: readonly string[]): ReadonlySet<string> {
  const result = new Set<string>()
  for (const text of texts) {
    const upper = text.toUpperCase()
    if (upper === 'ALL' || upper === 'CAP_ALL') {
      result.add('ALL')
      continue
    }
    const name = upper.startsWith('CAP_') ? upper : `CAP_${upper}`
    if (!names.includes(name)) {
      throw new EngineError(
        'invalid_argument',
        `invalid ${member}: unknown capability: ${JSON.stringify(name)}`,
      )
    }
    result.add(name)
  }
  return result
}

let bounding: ReadonlySet<string> | undefined

/** The engine's bounding set, read once: it can only shrink, and only by the engine's own hand. */
export function availableCapabilities(): ReadonlySet<string> {
  if (!bounding) {
    const status = readFileSync('/proc/self/status', 'utf8')
    bounding = decodeCapabilityMask(/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0')
  }
  return bounding
}

/** All that a privileged process gets. */
export function everyCapability(): readonly string[] {
  return [...availableCapabilities()]
}

/** Inheritable and ambient sets stay empty: a setuid-less program gains nothing by executing another. */
export function capabilitySets(held: readonly string[], isRoot: boolean): RuntimeCapabilities {
  const active = isRoot ? held : []
  return { bounding: held, effective: active, permitted: active, inheritable: [], ambient: [] }
}

/** The names in a hexadecimal mask of /proc/PID/status (`CapBnd`). */
export function decodeCapabilityMask(hex: string): ReadonlySet<string> {
  const mask = BigInt(`0x${hex}`)
  return new Set(names.filter((_, number) => (mask >> BigInt(number)) & 1n))
}
