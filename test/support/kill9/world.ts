/** Containers that live through every death of the engine, and how to see that they are well. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Client } from '#client/client.ts'
import type { ContainerInspect } from '#wire/containers.ts'
import { execIn, logText, readUntil } from '#test/support/kill9/streams.ts'

/** By name: what it runs and what is special about it. */
const bodies = {
  web: {
    Cmd: ['sh', '-c', 'echo here > /tmp/index.html; exec httpd -f -p 80 -h /tmp'],
    HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '' }, { HostIp: '127.0.0.1' }] } },
  },
  ticker: {
    Cmd: ['sh', '-c', 'n=0; while :; do echo $n; n=$((n + 1)); sleep 0.02; done'],
  },
  talker: {
    Cmd: ['sh', '-c', 'while read line; do echo "got $line"; done'],
    OpenStdin: true,
  },
  kept: {
    Cmd: ['sh', '-c', 'sleep 100000'],
    HostConfig: { RestartPolicy: { Name: 'always' }, PublishAllPorts: true },
    ExposedPorts: { '53/udp': {} },
  },
  frozen: { Cmd: ['sleep', '100000'] },
  removed: {
    Cmd: ['sleep', '100000'],
    Tty: true,
    OpenStdin: true,
    HostConfig: { AutoRemove: true },
  },
}

const worldNames = ['web', 'ticker', 'talker', 'kept', 'frozen', 'removed'] as const

export interface World {
  /** Every published port of the web server serves its page; needs no engine. */
  checkPorts(): Promise<void>
  /** Same process, same address, same ports as when they were started. */
  checkIdentities(): Promise<void>
  /** Numbers from 0 without a gap or a repetition, and more of them than the last time. */
  checkTicker(): Promise<void>
  /** What is sent to stdin comes back, through an attachment and in the log, once. */
  checkTalker(word: string): Promise<void>
  checkExec(): Promise<void>
  checkEvents(): Promise<void>
}

export async function startWorld(client: Client): Promise<World> {
  for (const name of worldNames) {
    await client.containers.create({ Image: 'busybox', ...bodies[name] }, { name })
    await client.containers.start(name)
  }
  await client.containers.pause('frozen')
  const before = await identities(client)
  const web = await client.containers.inspect('web')
  const ports = (web.NetworkSettings.Ports['80/tcp'] ?? []).map(({ HostPort }) => HostPort ?? '')
  assert.ok(ports.length >= 2, 'the web server has two published ports')
  const said: string[] = []
  let ticks = 0
  return {
    async checkPorts() {
      await Promise.all(ports.map(fetchPage))
    },
    async checkIdentities() {
      assert.deepEqual(await identities(client), before)
    },
    async checkTicker() {
      const lines = (await logText(client, 'ticker')).trimEnd().split('\n')
      assert.ok(lines.length > ticks, `the log grows: ${lines.length} lines after ${ticks}`)
      const wrong = lines.findIndex((line, index) => line !== String(index))
      assert.equal(wrong, -1, `line ${wrong} is "${lines[wrong]}"`)
      ticks = lines.length
    },
    async checkTalker(word) {
      using stream = await client.containers.attach('talker', {
        stdin: true,
        stdout: true,
        stream: true,
      })
      await stream.write(Buffer.from(`${word}\n`))
      const answer = await readUntil(stream.output, `got ${word}\n`)
      assert.equal(answer, `got ${word}\n`)
      said.push(answer)
      assert.equal(await logText(client, 'talker'), said.join(''))
    },
    async checkExec() {
      assert.deepEqual(await execIn(client, 'web', ['sh', '-c', 'echo in; exit 7']), {
        code: 7,
        stdout: 'in\n',
      })
    },
    checkEvents: () => checkEvents(client),
  }
}

async function fetchPage(port: string): Promise<void> {
  const page = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
  assert.equal(await page.text(), 'here\n')
}

async function identities(client: Client) {
  return Promise.all(
    worldNames.map(async (name) => identityOf(await client.containers.inspect(name))),
  )
}

function identityOf({ Name, Id, State, NetworkSettings, RestartCount }: ContainerInspect) {
  const { Status, Pid, StartedAt } = State
  const { Ports, Networks } = NetworkSettings
  const address = Networks['bridge']?.IPAddress
  return { Name, Id, Status, Pid, StartedAt, RestartCount, address, Ports }
}

async function checkEvents(client: Client): Promise<void> {
  const { Id } = await client.containers.inspect('talker')
  const filters = { container: [Id], event: ['rename'] }
  const events = await client.system.events({ filters })
  await client.containers.rename('talker', 'talker-too')
  for await (const { Action, Actor } of events) {
    assert.equal(Action, 'rename')
    assert.equal(Actor.Attributes['name'], 'talker-too')
    break
  }
  await assert.rejects(client.containers.inspect('talker'), { kind: 'not_found' })
  await client.containers.rename('talker-too', 'talker')
}

/** Containers that end when a gate opens, which is while no engine runs. */
export interface Mayflies {
  /** Starts three that wait for the gate of this round: one plain, one `--rm`, one that is restarted. */
  start(round: number): Promise<void>
  /** Lets them end; needs no engine. */
  release(round: number): void
  /** Their exit codes and last words are known, the `--rm` one is gone; removes the others. */
  check(round: number): Promise<void>
  [Symbol.dispose](): void
}

export function prepareMayflies(client: Client): Mayflies {
  const gate = mkdtempSync('/tmp/gate-')
  const start = async (round: number, kind: string, host: object) => {
    const script = `until [ -e /gate/${round} ]; do sleep 0.01; done; echo bye ${round}; exit ${codeOf(round)}`
    const body = {
      Image: 'busybox',
      Cmd: ['sh', '-c', script],
      HostConfig: { Binds: [`${gate}:/gate`], ...host },
    }
    await client.containers.create(body, { name: `${kind}-${round}` })
    await client.containers.start(`${kind}-${round}`)
  }
  return {
    start: async (round) => {
      await Promise.all([
        start(round, 'plain', {}),
        start(round, 'gone', { AutoRemove: true }),
        start(round, 'again', { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 } }),
      ])
    },
    release: (round) => writeFileSync(join(gate, String(round)), ''),
    async check(round) {
      const plain = await client.containers.inspect(`plain-${round}`)
      assert.deepEqual([plain.State.Status, plain.State.ExitCode], ['exited', codeOf(round)])
      assert.equal(await logText(client, `plain-${round}`), `bye ${round}\n`)
      await assert.rejects(client.containers.inspect(`gone-${round}`), { kind: 'not_found' })
      const { exited } = await client.containers.wait(`again-${round}`, 'not-running')
      assert.equal((await exited).StatusCode, codeOf(round))
      assert.equal((await client.containers.inspect(`again-${round}`)).RestartCount, 1)
      assert.equal(await logText(client, `again-${round}`), `bye ${round}\n`.repeat(2))
      await client.containers.remove(`plain-${round}`)
      await client.containers.remove(`again-${round}`)
    },
    [Symbol.dispose]: () => rmSync(gate, { recursive: true, force: true }),
  }
}

function codeOf(round: number): number {
  return 1 + (round % 100)
}
