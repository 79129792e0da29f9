import assert from 'node:assert/strict'
import test from 'node:test'
import { buildRuntimeSpec, cgroupPathOf } from '#runtime/spec/build.ts'
import { availableCapabilities, defaultCapabilities } from '#runtime/spec/capabilities.ts'
import { findInit } from '#runtime/spec/init.ts'
import type { SpecInput } from '#runtime/spec/types.ts'

const plain: SpecInput = {
  containerId: 'abc',
  rootfsPath: '/r',
  isReadonlyRootfs: false,
  hostname: 'box',
  args: ['sh'],
  env: [],
  cwd: '/',
  user: { uid: 0, gid: 0, additionalGids: [0] },
  isTerminal: false,
  mounts: [],
  network: { type: 'path', path: '/run/netns/x' },
  ipc: { type: 'private' },
  pid: { type: 'private' },
  uts: { type: 'private' },
  cgroupNamespace: { type: 'private' },
}

test('the defaults: namespaces, mounts, masks, capabilities, filter', () => {
  const { process, linux, mounts, hostname } = buildRuntimeSpec(plain)
  assert.equal(hostname, 'box')
  assert.deepEqual(linux.namespaces, [
    { type: 'mount' },
    { type: 'network', path: '/run/netns/x' },
    { type: 'uts' },
    { type: 'pid' },
    { type: 'ipc' },
    { type: 'cgroup' },
  ])
  assert.deepEqual(
    mounts.map(({ destination }) => destination),
    ['/proc', '/dev', '/dev/pts', '/sys', '/sys/fs/cgroup', '/dev/mqueue', '/dev/shm'],
  )
  assert.ok(linux.maskedPaths?.includes('/proc/kcore'))
  assert.ok(linux.maskedPaths?.includes('/proc/interrupts'))
  assert.ok(linux.readonlyPaths?.includes('/proc/sys'))
  assert.deepEqual(process.capabilities?.bounding.toSorted(), defaultCapabilities.toSorted())
  assert.deepEqual(process.capabilities?.inheritable, [])
  assert.deepEqual(process.capabilities?.ambient, [])
  assert.equal(linux.seccomp?.defaultAction, 'SCMP_ACT_ERRNO')
  assert.equal(linux.cgroupsPath, '/gantry/abc')
  assert.equal(process.rlimits, undefined)
})

test('another user than root has the bounding set alone', () => {
  const { process } = buildRuntimeSpec({
    ...plain,
    user: { uid: 5, gid: 5, additionalGids: [5] },
  })
  assert.deepEqual(process.capabilities?.effective, [])
  assert.deepEqual(process.capabilities?.permitted, [])
  assert.equal(process.capabilities?.bounding.length, defaultCapabilities.length)
})

test('privileged: every capability there is, every device, no mask, no filter, writable trees', () => {
  const { process, linux, mounts } = buildRuntimeSpec({ ...plain, isPrivileged: true })
  assert.deepEqual(process.capabilities?.effective, [...availableCapabilities()])
  assert.equal(linux.seccomp, undefined)
  assert.deepEqual([linux.maskedPaths, linux.readonlyPaths], [[], []])
  assert.ok(linux.devices?.some(({ path }) => path === '/dev/null'))
  assert.deepEqual(linux.resources?.devices, [{ allow: true, access: 'rwm' }])
  const options = mounts.find(({ destination }) => destination === '/sys')?.options
  assert.ok(options?.includes('rw') && !options.includes('ro'))
})

test('capabilities are added and dropped by any spelling; unknown ones are refused', () => {
  const held = (capAdd: string[], capDrop: string[]) =>
    buildRuntimeSpec({ ...plain, capAdd, capDrop }).process.capabilities?.bounding ?? []
  assert.ok(held(['net_admin'], []).includes('CAP_NET_ADMIN'))
  assert.ok(!held([], ['CAP_CHOWN']).includes('CAP_CHOWN'))
  assert.deepEqual(held([], ['ALL']), [])
  assert.deepEqual(held(['NET_RAW'], ['all']), ['CAP_NET_RAW'])
  const allButOne = held(['ALL'], ['SYS_ADMIN'])
  assert.ok(allButOne.includes('CAP_SYS_PTRACE') && !allButOne.includes('CAP_SYS_ADMIN'))
  assert.throws(() => held(['x'], []), {
    kind: 'invalid_argument',
    message: 'invalid CapAdd: unknown capability: "CAP_X"',
  })
})

test('the filter withholds what opens new attack surface, unless an administrator asks', () => {
  const allowed = (capAdd: string[], name: string) =>
    buildRuntimeSpec({ ...plain, capAdd }).linux.seccomp?.syscalls?.filter(
      ({ names, action }) => action === 'SCMP_ACT_ALLOW' && names.includes(name),
    ) ?? []
  for (const name of ['mount', 'unshare', 'setns', 'clone3', 'keyctl', 'io_uring_setup', 'bpf']) {
    assert.deepEqual(allowed([], name), [], name)
  }
  assert.equal(allowed([], 'clone').length, 1)
  assert.equal(allowed([], 'clone')[0]?.args?.[0]?.op, 'SCMP_CMP_MASKED_EQ')
  assert.equal(allowed(['SYS_ADMIN'], 'mount').length > 0, true)
  assert.deepEqual(allowed(['SYS_ADMIN'], 'io_uring_setup'), [])
  assert.deepEqual(
    allowed([], 'socket').map(({ args }) => args?.map(({ op, value }) => `${op} ${value}`)),
    [['SCMP_CMP_LT 38'], ['SCMP_CMP_EQ 39'], ['SCMP_CMP_GT 40']],
  )
  const unconfined = buildRuntimeSpec({ ...plain, securityOpt: ['seccomp=unconfined'] })
  assert.equal(unconfined.linux.seccomp, undefined)
})

test('security options', () => {
  const build = (...securityOpt: string[]) => buildRuntimeSpec({ ...plain, securityOpt })
  assert.equal(build('no-new-privileges').process.noNewPrivileges, true)
  assert.equal(build('no-new-privileges:false').process.noNewPrivileges, false)
  assert.deepEqual(build('systempaths=unconfined').linux.maskedPaths, [])
  const own = build('seccomp={"defaultAction":"SCMP_ACT_ALLOW"}').linux.seccomp
  assert.deepEqual(own, { defaultAction: 'SCMP_ACT_ALLOW', architectures: [], syscalls: [] })
  assert.throws(() => build('seccomp=nonsense'), { kind: 'invalid_argument' })
  assert.throws(() => build('frobnicate'), {
    message: 'invalid --security-opt 1: "frobnicate"',
  })
})

test('limits become cgroup values; what is not set is not said', () => {
  const resources = (input: SpecInput['resources']) =>
    buildRuntimeSpec({ ...plain, ...(input ? { resources: input } : {}) }).linux.resources
  assert.deepEqual(Object.keys(resources({ memoryBytes: 0, pidsLimit: 0 }) ?? {}), ['devices'])
  assert.deepEqual(resources({ memoryBytes: 1024 })?.memory, { limit: 1024, swap: 2048 })
  assert.deepEqual(resources({ memoryBytes: 1024, memorySwapBytes: -1 })?.memory, {
    limit: 1024,
    swap: -1,
  })
  assert.deepEqual(resources({ nanoCpus: 1.5e9 })?.cpu, { quota: 150_000, period: 100_000 })
  assert.deepEqual(resources({ cpuShares: 512, cpusetCpus: '0-1' })?.cpu, {
    shares: 512,
    cpus: '0-1',
  })
  assert.deepEqual(resources({ pidsLimit: 10 })?.pids, { limit: 10 })
})

test('mounts: the user’s replace defaults, parents come first', () => {
  const { mounts } = buildRuntimeSpec({
    ...plain,
    shmSizeBytes: 4096,
    tmpfs: { '/tmp': 'size=1m,exec' },
    mounts: [
      { destination: '/a/b/c', type: 'bind', source: '/x', options: ['rbind'] },
      { destination: '/a', type: 'bind', source: '/y', options: ['rbind'] },
      { destination: '/dev/mqueue', type: 'bind', source: '/z', options: ['rbind'] },
    ],
  })
  const targets = mounts.map(({ destination }) => destination)
  assert.ok(targets.indexOf('/a') < targets.indexOf('/a/b/c'))
  assert.deepEqual(
    mounts.filter(({ destination }) => destination === '/dev/mqueue').map(({ source }) => source),
    ['/z'],
  )
  const of = (path: string) => mounts.find(({ destination }) => destination === path)?.options
  assert.ok(of('/dev/shm')?.includes('size=4096'))
  assert.deepEqual(of('/tmp'), ['nosuid', 'nodev', 'size=1m'])
})

test('ulimits: unknown names and limits above what this machine allows are refused', () => {
  const build = (name: string, soft: number, hard: number) =>
    buildRuntimeSpec({ ...plain, ulimits: [{ name, soft, hard }] }).process.rlimits
  assert.deepEqual(build('nofile', 64, 128), [{ type: 'RLIMIT_NOFILE', soft: 64, hard: 128 }])
  assert.throws(() => build('nonsense', 1, 1), { message: 'invalid ulimit type: nonsense' })
  assert.throws(() => build('nofile', 2, 1), { message: /soft limit must be less/ })
})

test('devices by path; unknown ones and malformed rules are refused', () => {
  const device = { hostPath: '/dev/zero', containerPath: '/dev/mine', permissions: 'r' }
  const { linux } = buildRuntimeSpec({
    ...plain,
    devices: [device],
    deviceCgroupRules: ['c 10:* rw'],
  })
  const [node] = linux.devices ?? []
  assert.deepEqual([node?.path, node?.type, node?.major, node?.minor], ['/dev/mine', 'c', 1, 5])
  assert.deepEqual(linux.resources?.devices?.slice(-2), [
    { allow: true, type: 'c', access: 'r', major: 1, minor: 5 },
    { allow: true, type: 'c', access: 'rw', major: 10 },
  ])
  const missing = { ...device, hostPath: '/dev/no-such-device' }
  assert.throws(() => buildRuntimeSpec({ ...plain, devices: [missing] }), {
    message: /no such file or directory/,
  })
  assert.throws(() => buildRuntimeSpec({ ...plain, deviceCgroupRules: ['x'] }), {
    message: "invalid device cgroup rule format: 'x'",
  })
})

test('an init goes before the arguments; a missing one is said clearly', () => {
  const { args, mount } = findInit('/bin/busybox')
  assert.deepEqual(args, ['/sbin/docker-init', '--'])
  assert.equal(mount.source, '/bin/busybox')
  assert.throws(() => findInit('/no/such/init'), { kind: 'failed_precondition' })
})

test('a cgroup parent cannot climb out of its tree', () => {
  assert.equal(cgroupPathOf('../../x/./y', 'id'), '/x/y/id')
  assert.equal(cgroupPathOf('', 'id'), '/gantry/id')
})
