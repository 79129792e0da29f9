import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test, { type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { sleep } from '#base/async.ts'
import type { ConnectOptions, Endpoint, PortRequest } from '#network/types.ts'
import { openNftables } from '#sys/nftables.ts'
import {
  greet,
  greeter,
  netnsOf,
  openMachine,
  runInside,
  shell,
  startAsking,
} from '#test/support/network-machine.ts'

const tcp = (port: number): PortRequest => ({
  protocol: 'tcp',
  containerPort: 80,
  hostPort: { first: port, last: port },
})
const web: ConnectOptions = { network: 'bridge', aliases: [], ports: [tcp(8080)] }

/** An engine in a process of its own, to be killed. */
async function startEngine(
  t: TestContext,
  root: string,
  sandboxes: Readonly<Record<string, readonly PortRequest[]>>,
): Promise<{ readonly endpoints: Record<string, Endpoint>; kill(): Promise<void> }> {
  const program = fileURLToPath(new URL('../support/network-engine.ts', import.meta.url))
  const child = spawn(process.execPath, [program, root, JSON.stringify(sandboxes)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  let line = ''
  for await (line of createInterface({ input: child.stdout })) break
  return {
    endpoints: JSON.parse(line),
    async kill() {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
  }
}

test('a new engine keeps what runs, answering throughout, and removes the rest', async (t) => {
  const machine = openMachine(t)
  const before = await startEngine(t, machine.root, { kept: [tcp(8080)], lost: [tcp(8081)] })
  await runInside(t, join(machine.root, 'netns', 'kept'), greeter('kept', 80))
  const asking = await startAsking(t, '127.0.0.1', 8080)
  await before.kill()

  await using networks = await machine.openNetworks()
  const restored = await networks.restore(new Set(['kept']))

  assert.deepEqual(restored, new Map([['kept', [before.endpoints['kept']]]]))
  const { answers, failures } = await asking.stop()
  assert.deepEqual(failures, [])
  assert.ok(answers > 0)
  assert.match(await greet('::1', 8080), /^kept /)
  assert.equal(await greet('127.0.0.1', 8081), 'refused')
  assert.deepEqual(readdirSync(join(machine.root, 'netns')), ['kept'])
  const links = await shell('ip -json link show type veth')
  assert.equal(links.match(/"ifname"/g)?.length, 1)
  // The port and the address of the running container are held; those of the other are free.
  const next = await networks.createSandbox('next')
  await assert.rejects(networks.connect(next, web), {
    message: 'Bind for 0.0.0.0:8080 failed: port is already allocated',
  })
  const { ipv4Address } = await networks.connect(next, { ...web, ports: [] })
  assert.equal(ipv4Address, '172.30.0.3')
  await networks.removeSandbox('next')
  await networks.removeSandbox('kept')
})

test('a bridge that was deleted is made again, with the running containers on it', async (t) => {
  const machine = openMachine(t)
  const before = await startEngine(t, machine.root, { kept: [tcp(8080)] })
  await runInside(t, join(machine.root, 'netns', 'kept'), greeter('kept', 80))
  await before.kill()
  await shell('ip link delete gt0')
  await using networks = await machine.openNetworks()
  await networks.restore(new Set(['kept']))
  assert.match(await greet('127.0.0.1', 8080), /^kept /)
  await networks.removeSandbox('kept')
  await shell('ip link delete gt0')
})

test('rules that another program removes are made again, and nothing waits for them', async (t) => {
  const machine = openMachine(t)
  await using networks = await machine.openNetworks()
  const sandbox = await networks.createSandbox('web')
  await networks.connect(sandbox, web)
  await runInside(t, netnsOf(sandbox), greeter('web', 80))
  await shell('nft flush ruleset')
  await untilHolds(async () => (await greet('127.0.0.1', 8080)).startsWith('web '))

  // In the same turn as the flush: before the kernel's notice can be read.
  flushRules()
  const next = await networks.createSandbox('next')
  await networks.connect(next, { ...web, ports: [tcp(8081)] })
  flushRules()
  await networks.removeSandbox('next')
  await untilHolds(async () => (await greet('127.0.0.1', 8080)).startsWith('web '))
  assert.doesNotMatch(await shell('nft list ruleset'), /8081/)
  await networks.removeSandbox('web')
})

test('a FORWARD policy of DROP that comes later does not cut containers off', async (t) => {
  const machine = openMachine(t)
  await using _networks = await machine.openNetworks()
  const policy = (name: string) =>
    shell(
      `nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy ${name}; }'`,
    )
  await policy('accept')
  assert.doesNotMatch(await shell('nft list chain ip filter FORWARD'), /gt0/)
  await policy('drop')
  const isAccepted = async () =>
    (await shell('nft list chain ip filter FORWARD')).match(/fname "gt0"/g)?.length === 2
  await untilHolds(isAccepted)
  await shell('nft flush chain ip filter FORWARD')
  await untilHolds(isAccepted)
})

function flushRules(): void {
  using nftables = openNftables()
  nftables.run('flush ruleset')
}

/** Bounded by the time-out of the test. */
async function untilHolds(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10)
}

test('closing leaves running containers alone; closing idle leaves nothing', async (t) => {
  const machine = openMachine(t)
  const first = await machine.openNetworks()
  const sandbox = await first.createSandbox('kept')
  await first.connect(sandbox, web)
  await runInside(t, netnsOf(sandbox), greeter('kept', 80))
  await first[Symbol.asyncDispose]()
  assert.match(await greet('127.0.0.1', 8080), /^kept /)

  const second = await machine.openNetworks()
  await second.restore(new Set(['kept']))
  await second.removeSandbox('kept')
  await second.removeSandbox('kept')
  await second[Symbol.asyncDispose]()
  assert.equal((await shell('nft list ruleset')).trim(), '')
  assert.equal((await shell('ip -o link show type bridge')).trim(), '')
  assert.deepEqual(readdirSync(join(machine.root, 'netns')), [])
})

test('records and events tell of connect and disconnect', async (t) => {
  const machine = openMachine(t)
  await using networks = await machine.openNetworks()
  const [bridge] = networks.list()
  assert.ok(bridge)
  machine.events.length = 0
  const sandbox = await networks.createSandbox('c1')
  const endpoint = await networks.connect(sandbox, { ...web, ports: [] })
  assert.deepEqual([...networks.endpoints(bridge.id)], [['c1', endpoint]])
  await networks.removeSandbox('c1')
  assert.deepEqual([...networks.endpoints(bridge.id)], [])
  const attributes = { container: 'c1', name: 'bridge', type: 'bridge' }
  assert.deepEqual(machine.events, [
    { action: 'connect', networkId: bridge.id, attributes },
    { action: 'disconnect', networkId: bridge.id, attributes },
  ])
})
