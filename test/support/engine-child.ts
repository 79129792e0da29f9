/**
 * An engine in a process of its own, to be killed with SIGKILL: `startEngineChild`
 * from a test; the file itself is what the child runs.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { silentLogger } from '#base/log.ts'
import { sampleRequest } from '#container/testing/sample.ts'
import { openEngine } from '#engine/open.ts'
import type { Engine } from '#engine/types.ts'
import type { EngineIdentity } from '#test/support/identity.ts'
import { engineConfig, type RunRequest } from '#test/support/in-process.ts'

/** What the child does: starts these and says so, or makes and ends containers without a pause. */
export type Scenario =
  | { readonly type: 'start'; readonly requests: readonly RunRequest[] }
  | { readonly type: 'churn' }

export interface EngineChild {
  /** Ids of what was started; empty for churn, which has then done a round. */
  readonly ids: readonly string[]
  kill9(): Promise<void>
}

export async function startEngineChild(
  identity: EngineIdentity,
  scenario: Scenario,
): Promise<EngineChild> {
  const child = spawn(
    process.execPath,
    [fileURLToPath(import.meta.url), JSON.stringify({ identity, scenario })],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const exited = once(child, 'exit')
  const [line] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    exited.then(() => ['']),
  ])
  if (line === '') throw new Error('the engine child ended before it was ready')
  return {
    ids: JSON.parse(String(line)),
    kill9: async () => {
      child.kill('SIGKILL')
      await exited
    },
  }
}

async function runScenario(engine: Engine, scenario: Scenario): Promise<readonly string[]> {
  if (scenario.type === 'churn') {
    void Promise.all([churn(engine, 0), churn(engine, 1), churn(engine, 2)])
    return []
  }
  const ids: string[] = []
  for (const request of scenario.requests) {
    const { id } = await engine.containers.create(sampleRequest(request))
    await engine.containers.start(id)
    ids.push(id)
  }
  return ids
}

/** Every verb in turn, so that a kill at any moment cuts some of them short. */
async function churn({ containers }: Engine, lane: number): Promise<never> {
  for (let round = 0; ; round++) {
    const isAutoRemove = (round + lane) % 3 === 0
    const { id } = await containers.create(
      sampleRequest({
        cmd: round % 2 === 0 ? ['sleep', '1000'] : ['true'],
        volumePaths: ['/data'],
        host: { isAutoRemove, ports: [{ protocol: 'tcp', containerPort: 80 }] },
      }),
    )
    await containers.start(id)
    if (round % 4 === 0) continue
    await containers.remove(id, { force: true, volumes: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { identity, scenario } = JSON.parse(process.argv[2] ?? '{}')
  const engine = await openEngine(engineConfig(identity), silentLogger)
  console.log(JSON.stringify(await runScenario(engine, scenario)))
}
