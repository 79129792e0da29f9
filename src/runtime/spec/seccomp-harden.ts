/**
 * What the installed profile allows and Docker's default does not. Podman's
 * file lets containers make user namespaces, use key rings and io_uring: each
 * has been the first step of escapes, so they need a capability or `unconfined` here.
 */
import type { SeccompRule } from '#runtime/spec/seccomp.ts'

const always = { includes: {}, excludes: {} }
const permissionDenied = 1
const noSuchCall = 38

/** Never allowed by default. */
const withheld = new Set([
  'add_key',
  'io_uring_enter',
  'io_uring_register',
  'io_uring_setup',
  'keyctl',
  'request_key',
])

/** Allowed only to holders of CAP_SYS_ADMIN. */
const administrative = new Set([
  'clone3',
  'fsconfig',
  'fsmount',
  'fsopen',
  'fspick',
  'mount',
  'mount_setattr',
  'move_mount',
  'open_tree',
  'pivot_root',
  'setns',
  'umount',
  'umount2',
  'unshare',
])

/** Every CLONE_NEW… flag of clone(2) but CLONE_NEWTIME, which clone cannot take. */
const namespaceFlags = 0x7e020000

/** Replaces the rules for those calls, and for clone(2) and socket(2). */
export function hardenRules(
  rules: readonly SeccompRule[],
  held: ReadonlySet<string>,
): readonly SeccompRule[] {
  const isAdministrator = held.has('CAP_SYS_ADMIN')
  const replaced = new Set([...withheld, 'socket'])
  if (!isAdministrator) for (const name of [...administrative, 'clone']) replaced.add(name)
  const kept = rules
    .map((rule) => ({ ...rule, names: rule.names.filter((name) => !replaced.has(name)) }))
    .filter((rule) => rule.names.length > 0)
  return [...kept, ...socketRules, refuse([...withheld]), ...(isAdministrator ? [] : cloneRules)]
}

/**
 * Any family but AF_ALG (38, kernel crypto) and AF_VSOCK (40, the hypervisor's).
 * Conditions on one argument are alternatives only as separate rules.
 */
const socketRules: readonly SeccompRule[] = [
  allowWhen('socket', 'SCMP_CMP_LT', 38),
  allowWhen('socket', 'SCMP_CMP_EQ', 39),
  allowWhen('socket', 'SCMP_CMP_GT', 40),
]

/** clone3(2) hides its flags from the filter; ENOSYS makes the C library use clone(2). */
const cloneRules: readonly SeccompRule[] = [
  {
    ...always,
    names: ['clone'],
    action: 'SCMP_ACT_ALLOW',
    args: [{ index: 0, value: namespaceFlags, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }],
  },
  { ...always, names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: noSuchCall },
  refuse([...administrative].filter((name) => name !== 'clone3')),
]

function refuse(names: readonly string[]): SeccompRule {
  return { ...always, names, action: 'SCMP_ACT_ERRNO', errnoRet: permissionDenied }
}

function allowWhen(name: string, op: string, value: number): SeccompRule {
  return { ...always, names: [name], action: 'SCMP_ACT_ALLOW', args: [{ index: 0, value, op }] }
}
