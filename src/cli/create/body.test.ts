import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import test from 'node:test'
import { readSettings } from '#cli/config/settings.ts'
import { declareCreateFlags } from '#cli/create/body.ts'
import { createFlagSet } from '#cli/flags/flag-set.ts'
import { parseFlags } from '#cli/flags/parse.ts'

const settings = readSettings(
  { FROM_HOME: 'value', HOME: '/nowhere' },
  { warn: (line) => assert.fail(line) },
)

/** What `gantry run ARGS` would send, as JSON has it; the message when the flags are wrong. */
function bodyOf(args: readonly string[], isDetached = false): unknown {
  const flags = createFlagSet()
  const create = declareCreateFlags(flags)
  const outcome = parseFlags(flags, args, { isInterspersed: false })
  if (outcome.type !== 'parsed') return outcome.type === 'wrong' ? outcome.message : outcome.type
  return JSON.parse(JSON.stringify(create.body(outcome.args, settings, { isDetached })))
}

/** The part of the body that differs from `gantry run image`. */
function changeOf(text: string): { config: object; host: object; networking: unknown } {
  const body: Record<string, object> = Object(bodyOf([...text.split(' '), 'image']))
  const { HostConfig: host = {}, NetworkingConfig: networking, ...config } = body
  const plain = { AttachStdin: false, AttachStdout: true, AttachStderr: true, Image: 'image' }
  const without = (from: object, base: object) =>
    Object.fromEntries(
      Object.entries(from).filter(
        ([key, value]) => JSON.stringify(value) !== JSON.stringify(Reflect.get(base, key)),
      ),
    )
  return {
    config: without(config, plain),
    host: without(host, { NetworkMode: 'default' }),
    networking,
  }
}

test('a plain run sends little', () => {
  assert.deepEqual(bodyOf(['busybox', 'echo', '-n', 'hi']), {
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    Image: 'busybox',
    Cmd: ['echo', '-n', 'hi'],
    HostConfig: { NetworkMode: 'default' },
  })
})

test('streams follow -i, -t, -a and -d', () => {
  const streams = (args: string, isDetached = false) => {
    const body = Object(bodyOf([...args.split(' '), 'image'], isDetached))
    return ['AttachStdin', 'AttachStdout', 'AttachStderr', 'Tty', 'OpenStdin', 'StdinOnce'].map(
      (key) => body[key] ?? false,
    )
  }
  assert.deepEqual(streams('-it'), [true, true, true, true, true, true])
  assert.deepEqual(streams('-i'), [true, true, true, false, true, true])
  assert.deepEqual(streams('-a stdout'), [false, true, false, false, false, false])
  assert.deepEqual(streams('-a STDIN -a stderr -i'), [true, false, true, false, true, true])
  assert.deepEqual(streams('-it', true), [false, false, false, true, true, false])
})

const configCases: Readonly<Record<string, object>> = {
  '-e A=1 -e FROM_HOME -e UNSET --env B=': { Env: ['A=1', 'FROM_HOME=value', 'UNSET', 'B='] },
  '--entrypoint sh': { Entrypoint: ['sh'] },
  '--entrypoint=': { Entrypoint: [''] },
  '-w /x -u 1:2 -h name --domainname d': {
    WorkingDir: '/x',
    User: '1:2',
    Hostname: 'name',
    Domainname: 'd',
  },
  '-l a=b --label c': { Labels: { a: 'b', c: '' } },
  '--stop-signal INT --stop-timeout 0': { StopSignal: 'INT', StopTimeout: 0 },
  '--expose 80 --expose 90/udp': { ExposedPorts: { '80/tcp': {}, '90/udp': {} } },
  '-v /data -v /more': { Volumes: { '/data': {}, '/more': {} } },
  '--no-healthcheck': { Healthcheck: { Test: ['NONE'] } },
  '--health-cmd=true --health-interval 1m30s --health-retries 3': {
    Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 90_000_000_000, Retries: 3 },
  },
}

const hostCases: Readonly<Record<string, object>> = {
  '-v /a:/b:ro -v name:/c': { Binds: ['/a:/b:ro', 'name:/c'] },
  '--volumes-from a --volumes-from b:ro': { VolumesFrom: ['a', 'b:ro'] },
  '--tmpfs /t --tmpfs /u:size=1m,ro': { Tmpfs: { '/t': '', '/u': 'size=1m,ro' } },
  '--mount type=bind,src=/a,dst=/b,ro': {
    Mounts: [{ Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true }],
  },
  '--mount source=v,target=/b,volume-nocopy,volume-subpath=s': {
    Mounts: [
      { Type: 'volume', Source: 'v', Target: '/b', VolumeOptions: { NoCopy: true, Subpath: 's' } },
    ],
  },
  '--mount type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=1770': {
    Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1_048_576, Mode: 0o1770 } }],
  },
  '-m 64m --memory-swap -1 --memory-reservation 32m --memory-swappiness 0': {
    Memory: 67_108_864,
    MemorySwap: -1,
    MemoryReservation: 33_554_432,
    MemorySwappiness: 0,
  },
  '--cpus 1.5 -c 512 --cpu-period 1000 --cpu-quota 500 --cpuset-cpus 0,1': {
    NanoCpus: 1_500_000_000,
    CpuShares: 512,
    CpuPeriod: 1000,
    CpuQuota: 500,
    CpusetCpus: '0,1',
  },
  '--pids-limit 100 --ulimit nofile=1024:2048 --ulimit core=0 --oom-score-adj -500': {
    PidsLimit: 100,
    Ulimits: [
      { Name: 'nofile', Soft: 1024, Hard: 2048 },
      { Name: 'core', Soft: 0, Hard: 0 },
    ],
    OomScoreAdj: -500,
  },
  '--privileged --cap-add NET_ADMIN --cap-drop=ALL --security-opt seccomp=unconfined': {
    Privileged: true,
    CapAdd: ['NET_ADMIN'],
    CapDrop: ['ALL'],
    SecurityOpt: ['seccomp=unconfined'],
  },
  '--device /dev/fuse --device /dev/a:/dev/b:rw --device /dev/c:r': {
    Devices: [
      { PathOnHost: '/dev/fuse', PathInContainer: '/dev/fuse', CgroupPermissions: 'rwm' },
      { PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'rw' },
      { PathOnHost: '/dev/c', PathInContainer: '/dev/c', CgroupPermissions: 'r' },
    ],
  },
  '--rm --init --read-only --runtime crun --shm-size 1g': {
    AutoRemove: true,
    Init: true,
    ReadonlyRootfs: true,
    Runtime: 'crun',
    ShmSize: 1_073_741_824,
  },
  '--restart on-failure:3': { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 } },
  '--log-driver json-file --log-opt max-size=1m': {
    LogConfig: { Type: 'json-file', Config: { 'max-size': '1m' } },
  },
  '--network host --pid host --ipc shareable --uts host --cgroupns host --userns host': {
    NetworkMode: 'host',
    PidMode: 'host',
    IpcMode: 'shareable',
    UTSMode: 'host',
    CgroupnsMode: 'host',
    UsernsMode: 'host',
  },
  '--add-host a:1.2.3.4 --add-host b=host-gateway --dns 8.8.8.8 --dns-search x --dns-opt y': {
    ExtraHosts: ['a:1.2.3.4', 'b:host-gateway'],
    Dns: ['8.8.8.8'],
    DnsSearch: ['x'],
    DnsOptions: ['y'],
  },
  '--cpus -1 --mount type=foo,target=/x --isolation default': {
    NanoCpus: -1e9,
    Mounts: [{ Type: 'foo', Target: '/x' }],
    Isolation: 'default',
  },
  '--blkio-weight-device /dev/a:200 --device-read-bps /dev/a:1mb --device-write-iops /dev/a:9': {
    BlkioWeightDevice: [{ Path: '/dev/a', Weight: 200 }],
    BlkioDeviceReadBps: [{ Path: '/dev/a', Rate: 1048576 }],
    BlkioDeviceWriteIOps: [{ Path: '/dev/a', Rate: 9 }],
  },
  '--volumes-from a:ro --volume-driver local --storage-opt size=1G --link a --link b:c': {
    VolumesFrom: ['a:ro'],
    VolumeDriver: 'local',
    StorageOpt: { size: '1G' },
    Links: ['a:a', 'b:c'],
  },
  '--gpus device=0 --cpu-rt-period 5 --cpu-rt-runtime 6 --kernel-memory 1m': {
    DeviceRequests: [
      { Driver: '', Count: 0, DeviceIDs: ['0'], Capabilities: [['gpu']], Options: {} },
    ],
    CpuRealtimePeriod: 5,
    CpuRealtimeRuntime: 6,
  },
  '-P --sysctl net.core.somaxconn=1 --group-add staff --annotation a=b': {
    PublishAllPorts: true,
    Sysctls: { 'net.core.somaxconn': '1' },
    GroupAdd: ['staff'],
    Annotations: { a: 'b' },
  },
}

test('flags reach the right field of Config', () => {
  for (const [text, expected] of Object.entries(configCases)) {
    assert.deepEqual(changeOf(text).config, expected, text)
  }
})

test('flags reach the right field of HostConfig', () => {
  for (const [text, expected] of Object.entries(hostCases)) {
    assert.deepEqual(changeOf(text).host, expected, text)
  }
})

test('networks carry aliases and addresses', () => {
  const endpoint = { Aliases: ['a', 'b'], IPAMConfig: { IPv4Address: '10.0.0.2' } }
  for (const text of [
    '--network net --network-alias a --net-alias b --ip 10.0.0.2',
    '--network name=net,alias=a,alias=b,ip=10.0.0.2',
  ]) {
    const { host, networking } = changeOf(text)
    assert.deepEqual(host, { NetworkMode: 'net' }, text)
    assert.deepEqual(networking, { EndpointsConfig: { net: endpoint } }, text)
  }
})

test('networks carry every kind of address, and options', () => {
  const long =
    'name=net,ip6=fd00::2,link-local-ip=169.254.1.1,mac-address=02:00:00:00:00:01,driver-opt=a=b,gw-priority=5'
  assert.deepEqual(changeOf(`--network ${long}`).networking, {
    EndpointsConfig: {
      net: {
        IPAMConfig: { IPv6Address: 'fd00::2', LinkLocalIPs: ['169.254.1.1'] },
        MacAddress: '02:00:00:00:00:01',
        DriverOpts: { a: 'b' },
        GwPriority: 5,
      },
    },
  })
  const short = '--network net --ip6 fd00::2 --link-local-ip 169.254.1.1'
  assert.deepEqual(changeOf(short).networking, {
    EndpointsConfig: {
      net: { IPAMConfig: { IPv6Address: 'fd00::2', LinkLocalIPs: ['169.254.1.1'] } },
    },
  })
})

test('files of variables and labels are read in Docker’s way', (t) => {
  const directory = mkdtempSync(`${tmpdir()}/body-test-`)
  t.after(() => rmSync(directory, { recursive: true }))
  const file = `${directory}/env`
  writeFileSync(file, '\uFEFF# comment\n\n  A=1\r\nFROM_HOME\nUNSET\nB=x y #z\n')
  assert.deepEqual(changeOf(`--env-file ${file} -e A=2`).config, {
    Env: ['A=1', 'FROM_HOME=value', 'B=x y #z', 'A=2'],
  })
  writeFileSync(file, 'a=b\nc\n')
  assert.deepEqual(changeOf(`--label-file ${file} -l a=d`).config, { Labels: { a: 'd', c: '' } })
  writeFileSync(file, 'a b=c\n')
  assert.throws(() => changeOf(`--env-file ${file}`), {
    message: `invalid env file (${file}): variable 'a b' contains whitespaces`,
  })
  assert.throws(() => changeOf('--env-file /gone'), {
    message: 'open /gone: no such file or directory',
  })
})

test('wrong values are refused in the words of Docker', () => {
  const wrong: Readonly<Record<string, string>> = {
    '--gone': 'unknown flag: --gone',
    '--blkio-weight 99999':
      'invalid argument "99999" for "--blkio-weight" flag: strconv.ParseUint: parsing "99999": value out of range',
    '--device-read-bps x': 'invalid argument "x" for "--device-read-bps" flag: bad format: x',
    '--device-write-iops /dev/a:x':
      'invalid argument "/dev/a:x" for "--device-write-iops" flag: invalid rate for device: /dev/a:x. The correct format is <device-path>:<number>. Number must be a positive integer',
    '--ulimit foo=1': 'invalid argument "foo=1" for "--ulimit" flag: invalid ulimit type: foo',
    '--sysctl kernel.x=1':
      'invalid argument "kernel.x=1" for "--sysctl" flag: sysctl \'kernel.x=1\' is not allowed',
    '--gpus two':
      'invalid argument "two" for "--gpus" flag: invalid count (two): value must be either "all" or an integer',
    '-m x': 'invalid argument "x" for "-m, --memory" flag: invalid size: \'x\'',
    '-e =x': 'invalid argument "=x" for "-e, --env" flag: invalid environment variable: =x',
    '-a foo':
      'invalid argument "foo" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR',
    '--mount type=foo': 'invalid argument "type=foo" for "--mount" flag: target is required',
    '--add-host x': 'invalid argument "x" for "--add-host" flag: bad format for add-host: "x"',
  }
  for (const [text, message] of Object.entries(wrong)) {
    assert.equal(bodyOf([...text.split(' '), 'image']), message, text)
  }
  const thrown: Readonly<Record<string, string>> = {
    '--rm --restart always': 'conflicting options: cannot specify both --restart and --rm',
    '--no-healthcheck --health-cmd x': '--no-healthcheck conflicts with --health-* options',
    '-p 99999:1': 'invalid hostPort: 99999',
    '--pid foo': '--pid: invalid PID mode',
    '--uts foo': '--uts: invalid UTS mode',
    '--userns foo': '--userns: invalid USER mode',
    '--cgroupns foo': '--cgroupns: invalid CGROUP mode',
    '--security-opt foo': 'Invalid --security-opt: "foo"',
    '--security-opt seccomp=/gone':
      'opening seccomp profile (/gone) failed: open /gone: no such file or directory',
    '--device /dev/null:/dev/x:zz': 'bad mode specified: zz',
    '--mac-address foo': 'foo is not a valid mac address',
    '--memory-swappiness 200': 'invalid value: 200. Valid memory swappiness range is 0-100',
    '--health-interval -1s': '--health-interval cannot be negative',
    '--health-retries -1': '--health-retries cannot be negative',
    '--network-alias a': 'network-scoped aliases are only supported for user-defined networks',
    '-v :/b': 'invalid spec: :/b: empty section between colons',
    '-v /a:/b:ro:z': 'invalid spec: /a:/b:ro:z: too many colons',
  }
  for (const [text, message] of Object.entries(thrown)) {
    assert.throws(() => changeOf(text), { kind: 'invalid_argument', message }, text)
  }
})
