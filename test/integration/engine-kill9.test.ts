import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { setTimeout as delay } from 'node:timers/promises'
import test from 'node:test'
import { busyboxImage } from '#test/support/busybox.ts'
import { startEngine, type TestEngine } from '#test/support/engine.ts'
import { startChurn } from '#test/support/kill9/churn.ts'
import { createRandom } from '#test/support/kill9/random.ts'
import { compareHoldings } from '#test/support/kill9/strays.ts'
import { prepareMayflies, startWorld } from '#test/support/kill9/world.ts'
import { processesOf } from '#test/support/leaks.ts'
import { startRegistry } from '#test/support/registry.ts'

const rounds = Number(process.env['GANTRY_KILL9_ROUNDS'] ?? 50)
const seed = Number(process.env['GANTRY_KILL9_SEED'] ?? Date.now() % 1_000_000)
const longestLifeMs = 500
/** Somewhat more than a start takes: some are killed as soon as they answer. */
const longestStartMs = 400
/** Fifty lives take two minutes, and several times that on a machine with other work. */
const timeout = 1_200_000

test(`killed ${rounds} times at random moments (seed ${seed})`, { timeout }, async (t) => {
  t.diagnostic(`GANTRY_KILL9_SEED=${seed} GANTRY_KILL9_ROUNDS=${rounds}`)
  const random = createRandom(seed)
  const registry = await startRegistry()
  t.after(() => registry.stop())
  const bytes = Buffer.from(Array.from({ length: 1 << 20 }, () => random.below(256)))
  const layers = [1, 2, 3].map((part) => [
    {
      path: `part-${part}`,
      type: 'file',
      content: Buffer.concat([Buffer.from([part]), bytes]),
    } as const,
  ])
  const reference = await registry.push(await busyboxImage({ layers }), 'churned')
  const engine = await startEngine(t)
  const { client } = engine
  const world = await startWorld(client)
  using mayflies = prepareMayflies(client)
  for (let round = 0; round < rounds; round++) {
    const lifeMs = random.below(longestLifeMs)
    await mayflies.start(round)
    const churn = startChurn({ client, random, reference }, 3)
    await delay(lifeMs)
    await engine.kill9()
    const wrong = await churn.stop()
    mayflies.release(round)
    await Promise.all([world.checkPorts(), mayfliesEnded(engine, round)])
    if (random.below(3) === 0) await killWhileStarting(engine, random.below(longestStartMs))
    await engine.restart()
    const where = `round ${round}, killed after ${lifeMs} ms, seed ${seed}`
    try {
      assert.deepEqual(wrong, [], 'answers before the end')
      await world.checkIdentities()
      await Promise.all([
        world.checkPorts(),
        world.checkTicker(),
        world.checkTalker(`round ${round}`),
        world.checkExec(),
        mayflies.check(round),
      ])
      await world.checkEvents()
      await settled(engine)
    } catch (error) {
      throw new Error(`${where}\n${outputOf(engine)}`, { cause: error })
    }
  }
  const kept = await client.containers.list({ all: true })
  await Promise.all(
    kept.map(({ Id }) => client.containers.remove(Id, { force: true, volumes: true })),
  )
  await settled(engine)
})

/** An engine that dies while it takes over from the one before. */
async function killWhileStarting(engine: TestEngine, afterMs: number): Promise<void> {
  const starting = engine.restart().catch(() => undefined)
  await delay(afterMs)
  const engines = processesOf(engine.identity).filter(({ title }) => title.includes('/daemon/'))
  for (const { pid } of engines) process.kill(pid, 'SIGKILL')
  await starting
}

/** What the engine said, without the requests of the checks. */
function outputOf(engine: TestEngine): string {
  const lines = engine.output().split('\n')
  return lines
    .filter((line) => !line.includes('"GET"'))
    .slice(-60)
    .join('\n')
}

/** Until the supervisors of this round's short-lived containers have ended, which they do without an engine. */
async function mayfliesEnded({ identity }: TestEngine, round: number): Promise<void> {
  const word = `/gate/${round} `
  await eventually(async () => !processesOf(identity).some(({ title }) => title.includes(word)))
}

/** Policies may be at work for a moment; then records and kernel agree. */
async function settled(engine: TestEngine): Promise<void> {
  let last = await compareHoldings(engine)
  const agree = async () => {
    last = await compareHoldings(engine)
    return isDeepStrictEqual(last.found, last.recorded)
  }
  await eventually(agree).catch(() => assert.deepEqual(last.found, last.recorded))
}

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await condition())) {
    assert.ok(performance.now() < deadline, 'it did not come about')
    await delay(20)
  }
}
