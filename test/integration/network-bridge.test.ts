import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import test from 'node:test'
import type { ConnectOptions } from '#network/types.ts'
import {
  connectOutsideHost,
  greet,
  greeter,
  netnsOf,
  openMachine,
  runInside,
  shell,
} from '#test/support/network-machine.ts'

const plain: ConnectOptions = { network: 'bridge', ports: [], aliases: [] }

test('a made bridge takes the first subnet that no route of the host overlaps, and keeps it', async (t) => {
  const machine = openMachine(t)
  await shell(
    'ip link add taken0 type veth peer name taken1; ip address add 172.30.0.77/26 dev taken0; ip link set taken0 up',
  )
  t.after(() => shell('ip link delete taken0 2>/dev/null || true'))
  const first = await machine.openNetworks()
  const [bridge] = first.list()
  assert.deepEqual(bridge?.ipam, [{ subnet: '172.30.1.0/24', gateway: '172.30.1.1' }])
  await first[Symbol.asyncDispose]()
  await shell('ip link delete taken0')
  await using second = await machine.openNetworks()
  assert.deepEqual(second.get('bridge'), bridge)
  assert.deepEqual(second.get(bridge?.id.slice(0, 8) ?? ''), bridge)
  assert.throws(() => second.get('nowhere'), {
    kind: 'not_found',
    message: 'network nowhere not found',
  })
})

test('the configured address is the bridge address', async (t) => {
  const machine = openMachine(t)
  await using networks = await machine.openNetworks({ bridgeAddress: '10.99.0.9/28' })
  const [bridge] = networks.list()
  assert.deepEqual(bridge?.ipam, [{ subnet: '10.99.0.0/28', gateway: '10.99.0.9' }])
  const sandbox = await networks.createSandbox('c1')
  const options = { ...plain, ipv4Address: '10.99.0.12', macAddress: '02:00:00:00:00:07' }
  const endpoint = await networks.connect(sandbox, options)
  assert.equal(endpoint.macAddress, '02:00:00:00:00:07')
  const inside = await shell(`nsenter --net=${netnsOf(sandbox)} ip address show dev eth0`)
  assert.match(inside, /02:00:00:00:00:07/)
  assert.match(inside, /10\.99\.0\.12\/28/)
  assert.doesNotMatch(inside, /inet6/)
  await networks.removeSandbox('c1')
})

test('an existing bridge is adopted with its address, and stays', async (t) => {
  const machine = openMachine(t)
  await shell('ip link add gt0 type bridge; ip address add 10.98.0.1/24 dev gt0')
  const networks = await machine.openNetworks()
  assert.deepEqual(networks.get('bridge').ipam, [{ subnet: '10.98.0.0/24', gateway: '10.98.0.1' }])
  await networks[Symbol.asyncDispose]()
  assert.match(await shell('ip address show dev gt0'), /10\.98\.0\.1/)
})

test('a link of the name that is no bridge is refused', async (t) => {
  const machine = openMachine(t)
  await shell('ip link add gt0 type veth peer name gt9')
  await assert.rejects(machine.openNetworks(), {
    kind: 'conflict',
    message: 'use bridge "gt0": the link is no bridge',
  })
})

test('a sandbox without endpoint has loopback and nothing else', async (t) => {
  const machine = openMachine(t)
  await using networks = await machine.openNetworks({ bridge: 'none' })
  assert.deepEqual(
    networks.list().map(({ name }) => name),
    ['host', 'none'],
  )
  const sandbox = await networks.createSandbox('alone')
  const links = await shell(`nsenter --net=${netnsOf(sandbox)} ip -o address`)
  assert.match(links, /^1: lo +inet 127\.0\.0\.1\/8 [^\n]*\n[^\n]*\n?$/)
  await networks.removeSandbox('alone')
})

test('a container has IPv6 on its loopback alone', async (t) => {
  const machine = openMachine(t)
  await using networks = await machine.openNetworks()
  const sandbox = await networks.createSandbox('plain')
  await networks.connect(sandbox, plain)
  const inside = `nsenter --net=${netnsOf(sandbox)}`
  assert.match(await shell(`${inside} ip -o -4 address show dev eth0`), /eth0 +inet /)
  assert.equal(await shell(`${inside} ip -o -6 address show dev eth0`), '')
  assert.equal((await shell(`${inside} cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6`)).trim(), '1')
  await networks.removeSandbox('plain')
})

test('containers of two bridges meet only by published ports', async (t) => {
  const machine = openMachine(t)
  const neighbour = openMachine(t)
  await using networks = await machine.openNetworks()
  await using others = await neighbour.openNetworks({
    bridge: 'gt1',
    tableName: 'gantry_other',
    addressPools: [{ base: '172.31.0.0/16', size: 24 }],
  })
  const web = await networks.createSandbox('web')
  const port = {
    protocol: 'tcp',
    containerPort: 80,
    hostPort: { first: 8088, last: 8088 },
  } as const
  const endpoint = await networks.connect(web, { ...plain, ports: [port] })
  const client = await others.createSandbox('client')
  await others.connect(client, plain)
  await runInside(t, netnsOf(web), greeter('web', 80))
  assert.equal(await greet(endpoint.ipv4Address, 80, netnsOf(client)), 'timeout')
  assert.match(await greet('172.31.0.1', 8088, netnsOf(client)), /^web /)
  await others.removeSandbox('client')
  await networks.removeSandbox('web')
})

for (const program of ['iptables-nft', 'iptables-legacy']) {
  const absent = existsSync(`/usr/sbin/${program}`) ? false : `${program} is not installed`
  test(
    `traffic passes beside a FORWARD policy of DROP set by ${program}`,
    { skip: absent },
    async (t) => {
      const machine = openMachine(t)
      const outside = await connectOutsideHost(t)
      const outsideNetns = `/proc/${outside.netnsPid}/ns/net`
      const policy = await shell(`${program} -P FORWARD DROP && ${program} -N DOCKER-USER`).catch(
        (error: unknown) => String(error),
      )
      if (policy !== '') return t.skip(`this kernel refuses ${program}: ${policy}`)
      t.after(() => shell(`${program} -P FORWARD ACCEPT; ${program} -F; ${program} -X`))
      const networks = await machine.openNetworks()
      const web = await networks.createSandbox('web')
      const port = {
        protocol: 'tcp',
        containerPort: 80,
        hostPort: { first: 8090, last: 8090 },
      } as const
      await networks.connect(web, { ...plain, ports: [port] })
      await runInside(t, netnsOf(web), greeter('web', 80))
      await runInside(t, outsideNetns, greeter('outside', 80))
      assert.equal(await greet('198.51.100.1', 8090, outsideNetns), 'web 198.51.100.2')
      assert.equal(await greet('198.51.100.2', 80, netnsOf(web)), 'outside 198.51.100.1')
      assert.match(await shell(`${program} -S FORWARD`), /-i gt0 .*-j ACCEPT/)
      await networks.removeSandbox('web')
      await networks[Symbol.asyncDispose]()
      assert.doesNotMatch(await shell(`${program} -S FORWARD`), /gt0/)
    },
  )
}
