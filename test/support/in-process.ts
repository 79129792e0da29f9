/**
 * An engine inside the test's own process, with roots, bridge, address pool and
 * cgroup parent of its own. The end closes it and fails when anything is left in the kernel.
 */
import assert from 'node:assert/strict'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { after, before } from 'node:test'
import { silentLogger, type Logger } from '#base/log.ts'
import { sampleRequest } from '#container/testing/sample.ts'
import { openEngine } from '#engine/open.ts'
import { recordBytes } from '#runtime/logs/record.ts'
import type { Engine, EngineConfig } from '#engine/types.ts'
import { dockerArchive } from '#test/support/archives.ts'
import { busyboxDockerArchive, busyboxImage } from '#test/support/busybox.ts'
import { claimIdentity } from '#test/support/abandoned.ts'
import type { EngineIdentity } from '#test/support/identity.ts'
import type { ImageRecipe } from '#test/support/images.ts'
import { findLeaks, sweep } from '#test/support/leaks.ts'

export const never = new AbortController().signal

export function engineConfig(identity: EngineIdentity): EngineConfig {
  return {
    dataRoot: identity.dataRoot,
    execRoot: identity.execRoot,
    bridge: identity.bridge,
    addressPools: [{ base: identity.addressPool, size: 24 }],
    dns: [],
    dnsSearch: [],
    dnsOptions: [],
    mtu: 1500,
    ipForward: true,
    ipMasquerade: true,
    insecureRegistries: [],
    registryMirrors: [],
    logDriver: 'json-file',
    logOptions: {},
    defaultRuntime: 'crun',
    runtimes: {},
    labels: [],
    shutdownTimeoutS: 2,
    isLiveRestore: true,
    maxConcurrentDownloads: 3,
    cgroupParent: identity.cgroupParent,
    userAgent: 'gantry-test',
  }
}

export interface InProcessEngine {
  readonly identity: EngineIdentity
  /** The engine that is open now. */
  engine(): Engine
  /** Closes it when it is open, and opens another one on the same roots. */
  reopen(changes?: Partial<EngineConfig>): Promise<Engine>
  /** Closes it and leaves the roots to somebody else. */
  release(): Promise<void>
  close(): Promise<void>
}

export async function openTestEngine(log: Logger = silentLogger): Promise<InProcessEngine> {
  const identity = await claimIdentity()
  let engine = await openEngine(engineConfig(identity), log)
  await loadBusybox(engine)
  return {
    identity,
    engine: () => engine,
    reopen: async (changes) => {
      await engine[Symbol.asyncDispose]()
      return (engine = await openEngine({ ...engineConfig(identity), ...changes }, log))
    },
    release: async () => engine[Symbol.asyncDispose](),
    close: async () => {
      try {
        for (const { id } of engine.containers.list()) {
          await engine.containers.remove(id, { force: true, volumes: true })
        }
        await engine[Symbol.asyncDispose]()
        assert.deepEqual(await findLeaks(identity), [], 'nothing may be left in the kernel')
      } finally {
        await sweep(identity)
      }
    },
  }
}

/** One engine for all tests of a file. */
export function shareTestEngine(): () => Engine {
  let shared: InProcessEngine | undefined
  before(async () => void (shared = await openTestEngine()))
  after(() => shared?.close())
  return () => {
    assert.ok(shared, 'the engine opens before the first test')
    return shared.engine()
  }
}

export async function loadBusybox(engine: Engine): Promise<void> {
  await engine.images.load(createReadStream(await busyboxDockerArchive()), {}, never)
}

export type RunRequest = Parameters<typeof sampleRequest>[0]

export interface RunOutcome {
  readonly id: string
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a container to its end as `docker run` does: create, attach, wait, start. */
export async function runContainer(
  engine: Engine,
  request: RunRequest,
  input?: string,
): Promise<RunOutcome> {
  const { containers } = engine
  const hasInput = input !== undefined
  const stdin = hasInput ? { openStdin: true, stdinOnce: true } : {}
  const created = await containers.create(sampleRequest({ ...request, ...stdin }))
  const { id } = created
  await using stdio = await containers.attach(id, {
    stdin: hasInput,
    stdout: true,
    stderr: true,
    logs: false,
    stream: true,
  })
  const output = collectFrames(stdio.output, request?.isTty === true)
  const exit = containers.wait(
    id,
    request?.host?.isAutoRemove === true ? 'removed' : 'next-exit',
    never,
  )
  try {
    await containers.start(id)
  } catch (error) {
    exit.catch(() => undefined)
    throw error
  }
  if (hasInput) {
    await stdio.write(Buffer.from(input))
    await stdio.closeStdin()
  }
  const { code } = await exit
  return { id, code, ...(await output) }
}

/** Takes the stdcopy frames of a stream apart. */
export async function collectFrames(
  chunks: AsyncIterable<Uint8Array>,
  isRaw: boolean,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const received: Uint8Array[] = []
  for await (const chunk of chunks) received.push(chunk)
  const bytes = Buffer.concat(received)
  if (isRaw) return { stdout: bytes.toString(), stderr: '' }
  const streams: Record<number, Buffer[]> = { 1: [], 2: [] }
  for (let offset = 0; offset < bytes.length;) {
    const length = bytes.readUInt32BE(offset + 4)
    streams[bytes[offset] ?? 0]?.push(bytes.subarray(offset + 8, offset + 8 + length))
    offset += 8 + length
  }
  const text = (stream: number) => Buffer.concat(streams[stream] ?? []).toString()
  return { stdout: text(1), stderr: text(2) }
}

/** Loads busybox with more layers and another config under a name of its own. */
export async function loadVariant(
  engine: Engine,
  name: string,
  recipe: Partial<ImageRecipe>,
): Promise<void> {
  const archive = await dockerArchive(await busyboxImage(recipe), [name])
  await engine.images.load(Readable.from([archive]), {}, never)
}

/** What the log holds of the chosen streams. */
export async function logText(
  engine: Engine,
  ref: string,
  streams: { readonly stdout: boolean; readonly stderr: boolean },
): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const lines of engine.containers.logs(ref, { ...streams, follow: false }, never)) {
    for (const line of lines) parts.push(recordBytes(line))
  }
  return Buffer.concat(parts).toString()
}
