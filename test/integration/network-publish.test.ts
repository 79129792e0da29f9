import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { once } from 'node:events'
import test from 'node:test'
import type { PortRequest } from '#network/types.ts'
import {
  ask,
  connectOutsideHost,
  greet,
  greeter,
  netnsOf,
  openMachine,
  runInside,
  shell,
  udpEcho,
} from '#test/support/network-machine.ts'

const tcp = (port: number, hostAddress?: string): PortRequest => ({
  protocol: 'tcp',
  containerPort: 80,
  hostPort: { first: port, last: port },
  ...(hostAddress === undefined ? {} : { hostAddress }),
})

test('a published port answers on loopback, on the own address, from outside and from containers', async (t) => {
  const machine = openMachine(t)
  const outside = await connectOutsideHost(t)
  const outsideNetns = `/proc/${outside.netnsPid}/ns/net`
  await using networks = await machine.openNetworks()
  const web = await networks.createSandbox('web')
  const endpoint = await networks.connect(web, {
    network: 'bridge',
    ports: [tcp(8080)],
    aliases: [],
  })
  const other = await networks.createSandbox('other')
  const otherEndpoint = await networks.connect(other, { network: 'bridge', ports: [], aliases: [] })
  await runInside(t, netnsOf(web), greeter('web', 80))

  const { gateway, ipv4Address } = endpoint
  assert.deepEqual(
    {
      direct: await greet(ipv4Address, 80),
      loopback: await greet('127.0.0.1', 8080),
      otherLoopback: await greet('127.0.0.9', 8080),
      ipv6Loopback: await greet('::1', 8080),
      ownAddress: await greet('198.51.100.1', 8080),
      gatewayAddress: await greet(gateway, 8080),
      outside: await greet('198.51.100.1', 8080, outsideNetns),
      neighbour: await greet(ipv4Address, 80, netnsOf(other)),
      neighbourByHost: await greet('198.51.100.1', 8080, netnsOf(other)),
      itself: await greet('198.51.100.1', 8080, netnsOf(web)),
    },
    {
      direct: `web ${gateway}`,
      loopback: `web ${gateway}`,
      otherLoopback: `web ${gateway}`,
      ipv6Loopback: `web ${gateway}`,
      ownAddress: 'web 198.51.100.1',
      gatewayAddress: `web ${gateway}`,
      // The address of a remote client is kept.
      outside: 'web 198.51.100.2',
      neighbour: `web ${otherEndpoint.ipv4Address}`,
      neighbourByHost: `web ${gateway}`,
      itself: `web ${gateway}`,
    },
  )

  await networks.removeSandbox('web')
  assert.equal(await greet('127.0.0.1', 8080), 'refused')
  assert.equal(await greet('::1', 8080), 'refused')
  assert.equal(await greet('198.51.100.1', 8080, outsideNetns), 'refused')
  await networks.removeSandbox('other')
})

test('what is not published is out of reach from outside', async (t) => {
  const machine = openMachine(t)
  const outside = await connectOutsideHost(t)
  const outsideNetns = `/proc/${outside.netnsPid}/ns/net`
  await using networks = await machine.openNetworks()
  const web = await networks.createSandbox('web')
  const { ipv4Address } = await networks.connect(web, {
    network: 'bridge',
    ports: [tcp(8081, '127.0.0.1')],
    aliases: [],
  })
  await runInside(t, netnsOf(web), greeter('web', 80))
  // The outside host routes the container's subnet, and 127/8, to this machine.
  await shell(`nsenter --net=${outsideNetns} sh -c '
    ip route add 172.30.0.0/16 via 198.51.100.1
    ip route flush table local 127.0.0.0/8 2>/dev/null || true
    ip address delete 127.0.0.1/8 dev lo 2>/dev/null || true
    echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet
    ip route add 127.0.0.1/32 via 198.51.100.1 src 198.51.100.2'`)

  assert.deepEqual(
    {
      hereByLoopback: (await greet('127.0.0.1', 8081)).split(' ')[0],
      spoofedLoopback: await greet('127.0.0.1', 8081, outsideNetns),
      byHostAddress: await greet('198.51.100.1', 8081, outsideNetns),
      routedToContainer: await greet(ipv4Address, 80, outsideNetns),
    },
    {
      hereByLoopback: 'web',
      spoofedLoopback: 'timeout',
      byHostAddress: 'refused',
      routedToContainer: 'timeout',
    },
  )
  // Without the guard the same packets arrive: the test sees it at work, and nothing else.
  await shell('nft flush chain ip gantry_test guard')
  assert.equal(await greet('127.0.0.1', 8081, outsideNetns), 'web 198.51.100.2')
  await shell('nft flush chain ip gantry_test forward')
  assert.equal(await greet(ipv4Address, 80, outsideNetns), 'web 198.51.100.2')
  await networks.removeSandbox('web')
})

test('a container reaches outside under the address of its host', async (t) => {
  const machine = openMachine(t)
  const outside = await connectOutsideHost(t)
  await using networks = await machine.openNetworks()
  const sandbox = await networks.createSandbox('client')
  await networks.connect(sandbox, { network: 'bridge', ports: [], aliases: [] })
  await runInside(t, `/proc/${outside.netnsPid}/ns/net`, greeter('outside', 80))
  assert.equal(await greet('198.51.100.2', 80, netnsOf(sandbox)), 'outside 198.51.100.1')
  await networks.removeSandbox('client')
})

test('UDP ports answer over IPv4 and IPv6, and a client that goes on meets their new owner', async (t) => {
  const machine = openMachine(t)
  const outside = await connectOutsideHost(t)
  const netnsPath = `/proc/${outside.netnsPid}/ns/net`
  await using networks = await machine.openNetworks()
  const port: PortRequest = {
    protocol: 'udp',
    containerPort: 5353,
    hostPort: { first: 5300, last: 5300 },
  }
  const start = async (name: string, ipv4Address: string) => {
    const sandbox = await networks.createSandbox(name)
    const ports = [port]
    await networks.connect(sandbox, { network: 'bridge', ports, ipv4Address, aliases: [] })
    await runInside(t, netnsOf(sandbox), udpEcho(name, 5353))
    return netnsOf(sandbox)
  }
  // Same source port each time: for the kernel it is one flow all along.
  const fromOutside = (text: string) =>
    ask('198.51.100.1', 5300, { text, netnsPath, sourcePort: 40_000 })
  const refused = await fromOutside('too early')
  const firstNetns = await start('first', '172.30.0.5')
  assert.deepEqual(
    [
      refused,
      await ask('127.0.0.1', 5300, { text: 'a' }),
      await ask('::1', 5300, { text: 'b' }),
      await fromOutside('c'),
      await ask('198.51.100.1', 5300, { text: 'd', netnsPath: firstNetns }),
    ],
    ['ECONNREFUSED', 'first a', 'first b', 'first c', 'first d'],
  )
  await networks.removeSandbox('first')
  await start('second', '172.30.0.6')
  assert.equal(await fromOutside('e'), 'second e')
  await networks.removeSandbox('second')
})

test('a port range gives the first free port; an absent port an ephemeral one', async (t) => {
  const machine = openMachine(t)
  await using networks = await machine.openNetworks()
  const blocker = createServer().listen(9000, '0.0.0.0')
  await once(blocker, 'listening')
  t.after(() => blocker.close())
  const sandbox = await networks.createSandbox('web')
  const { ports } = await networks.connect(sandbox, {
    network: 'bridge',
    aliases: [],
    ports: [
      { protocol: 'tcp', containerPort: 80, hostPort: { first: 9000, last: 9003 } },
      { protocol: 'tcp', containerPort: 81 },
      { protocol: 'tcp', containerPort: 82, hostAddress: '127.0.0.1' },
    ],
  })
  await runInside(t, netnsOf(sandbox), greeter('ephemeral', 81))
  const [ranged, rangedIpv6, ephemeral, ephemeralIpv6, bound] = ports
  assert.deepEqual(
    [ranged?.hostAddress, ranged?.hostPort, rangedIpv6?.hostAddress, rangedIpv6?.hostPort],
    ['0.0.0.0', 9001, '::', 9001],
  )
  assert.ok(ephemeral && ephemeral.hostPort >= 32768)
  assert.equal(ephemeralIpv6?.hostPort, ephemeral.hostPort)
  assert.equal(bound?.hostAddress, '127.0.0.1')
  assert.match(await greet('127.0.0.1', ephemeral.hostPort), /^ephemeral /)
  await networks.removeSandbox('web')
})

test('a port in use is refused with the text of its owner, and nothing stays half-made', async (t) => {
  const machine = openMachine(t)
  await using networks = await machine.openNetworks()
  const blocker = createServer().listen(9100, '127.0.0.1')
  await once(blocker, 'listening')
  t.after(() => blocker.close())
  const first = await networks.createSandbox('first')
  await networks.connect(first, { network: 'bridge', ports: [tcp(9101)], aliases: [] })
  const second = await networks.createSandbox('second')
  const connect = (ports: readonly PortRequest[]) =>
    networks.connect(second, { network: 'bridge', ports, aliases: [] })

  await assert.rejects(connect([tcp(9102), tcp(9101)]), {
    kind: 'conflict',
    message: 'Bind for 0.0.0.0:9101 failed: port is already allocated',
  })
  await assert.rejects(connect([tcp(9102), tcp(9100)]), {
    kind: 'conflict',
    message: 'failed to bind host port for 0.0.0.0:9100:172.30.0.3:80/tcp: address already in use',
  })
  await assert.rejects(connect([tcp(9102), tcp(9103, '203.0.113.77')]), {
    message: 'failed to bind host port for 203.0.113.77:9103: cannot assign requested address',
  })
  // Port 9102 and address .3 were given back by each failure.
  const { ports, ipv4Address } = await connect([tcp(9102)])
  assert.deepEqual([ports.length, ipv4Address], [2, '172.30.0.3'])
  await networks.removeSandbox('first')
  await networks.removeSandbox('second')
})
