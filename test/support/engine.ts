/**
 * A real engine for a test: a `gantryd` child with its own roots, socket, bridge,
 * address pool and cgroup parent.
 *
 * One test: `const engine = await startEngine(t)`. A whole file: `const engine = shareEngine()`
 * at the top, `engine()` in the tests. Either way the end removes the containers, stops the
 * engine and fails when anything is left in the kernel.
 */
import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { after, before } from 'node:test'
import { openClient } from '#client/client.ts'
import type { Client } from '#client/client.ts'
import { claimIdentity } from '#test/support/abandoned.ts'
import { busyboxDockerArchive, busyboxReference } from '#test/support/busybox.ts'
import { run } from '#test/support/commands.ts'
import type { CommandOptions, CommandResult } from '#test/support/commands.ts'
import { startDaemon } from '#test/support/daemon-process.ts'
import type { DaemonProcess } from '#test/support/daemon-process.ts'
import type { EngineIdentity } from '#test/support/identity.ts'
import { findLeaks, sweep, tablesOf } from '#test/support/leaks.ts'
import { projectRoot } from '#test/support/paths.ts'

export interface EngineOptions {
  /** More flags for gantryd. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Load `busybox:latest`; default true. */
  readonly hasBusybox?: boolean
}

export interface TestEngine {
  readonly identity: EngineIdentity
  /** `unix:///tmp/g-XXXXXX/gantry.sock` */
  readonly host: string
  readonly socketPath: string
  readonly client: Client
  /** Process id of the engine that runs now. */
  pid(): number
  /** What the engine that runs now wrote to stderr. */
  output(): string
  /** The environment of a client that talks to this engine, and of nobody's configuration. */
  readonly clientEnv: Readonly<Record<string, string | undefined>>
  /** The official command line against this engine. */
  docker(args: readonly string[], options?: CommandOptions): Promise<CommandResult>
  /** Our command line against this engine. */
  gantry(args: readonly string[], options?: CommandOptions): Promise<CommandResult>
  loadBusybox(): Promise<void>
  kill9(): Promise<void>
  /** Stops it with SIGTERM when it runs, and starts it again with the same flags. */
  restart(): Promise<void>
  /** Removes every container, stops the engine, and throws when something of it is left. */
  stop(): Promise<void>
}

/** What a test context and a suite have in common. */
export interface CleanupScope {
  after(work: () => Promise<void>): void
}

export async function startEngine(
  scope: CleanupScope,
  options: EngineOptions = {},
): Promise<TestEngine> {
  const engine = await openTestEngine(options)
  scope.after(() => engine.stop())
  return engine
}

/** One engine for every test of a file. */
export function shareEngine(options: EngineOptions = {}): () => TestEngine {
  let engine: TestEngine | undefined
  before(async () => {
    engine = await openTestEngine(options)
  })
  after(() => engine?.stop())
  return () => {
    assert.ok(engine, 'the engine is there only inside tests')
    return engine
  }
}

async function openTestEngine(options: EngineOptions): Promise<TestEngine> {
  const identity = await claimIdentity()
  const host = `unix://${identity.socketPath}`
  const args = [...flagsOf(identity, host), ...(options.args ?? [])]
  const start = () =>
    startDaemon({ args, socketPath: identity.socketPath, ...(options.env && { env: options.env }) })
  let daemon = await start().catch(async (error: unknown) => {
    await sweep(identity)
    throw error
  })
  const client = openClient({ host })
  const engine: TestEngine = {
    identity,
    host,
    socketPath: identity.socketPath,
    client,
    pid: () => daemon.pid,
    output: () => daemon.output(),
    ...commandLines(identity, host),
    loadBusybox: () => loadBusybox(client),
    kill9: () => daemon.end('SIGKILL'),
    async restart() {
      await daemon.end('SIGTERM')
      daemon = await start()
    },
    stop: () => stopEngine({ identity, client, daemon, start }),
  }
  if (options.hasBusybox ?? true) await loadBusybox(client)
  return engine
}

function flagsOf(identity: EngineIdentity, host: string): string[] {
  const flags = {
    host,
    'data-root': identity.dataRoot,
    'exec-root': identity.execRoot,
    pidfile: `${identity.root}/gantry.pid`,
    bridge: identity.bridge,
    'default-address-pool': `base=${identity.addressPool},size=24`,
    'cgroup-parent': `/${identity.cgroupParent}`,
    'log-level': 'debug',
  }
  return Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
}

function commandLines(
  identity: EngineIdentity,
  host: string,
): Pick<TestEngine, 'docker' | 'gantry' | 'clientEnv'> {
  // No configuration, context or credentials of the user who runs the tests.
  const env = {
    DOCKER_HOST: host,
    DOCKER_CONTEXT: undefined,
    DOCKER_CONFIG: `${identity.root}/docker-config`,
    HOME: identity.root,
  }
  const withEnv = (options: CommandOptions = {}) => ({
    ...options,
    env: { ...env, ...options.env },
  })
  return {
    clientEnv: env,
    docker: (args, options) => run('docker', args, withEnv(options)),
    gantry: (args, options) =>
      run(process.execPath, [`${projectRoot}/src/cli/main.ts`, ...args], withEnv(options)),
  }
}

async function loadBusybox(client: Client): Promise<void> {
  const lines = await client.images.load(createReadStream(await busyboxDockerArchive()))
  for await (const line of lines) assert.equal(line.error, undefined)
  await client.images.inspect(busyboxReference)
}

interface Stopping {
  readonly identity: EngineIdentity
  readonly client: Client
  readonly daemon: DaemonProcess
  readonly start: () => Promise<DaemonProcess>
}

async function stopEngine({ identity, client, daemon, start }: Stopping): Promise<void> {
  try {
    const last = daemon.isRunning() ? daemon : await start()
    await removeContainers(client)
    client[Symbol.dispose]()
    await last.end('SIGTERM')
    assert.deepEqual(await findLeaks(identity), [], `left behind; engine said:\n${last.output()}`)
    const tables = await tablesOf(identity)
    assert.ok(tables.length <= 1, `more than one table names ${identity.bridge}: ${tables.join()}`)
  } finally {
    await daemon.end('SIGKILL')
    await sweep(identity)
  }
}

async function removeContainers(client: Client): Promise<void> {
  const containers = await client.containers.list({ all: true })
  await Promise.all(
    containers.map(({ Id }) => client.containers.remove(Id, { force: true, volumes: true })),
  )
}
