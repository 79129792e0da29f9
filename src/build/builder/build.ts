/** One build, from request to outcome. */
import { randomBytes } from 'node:crypto'
import { mapPool } from '#base/async.ts'
import { now } from '#base/clock.ts'
import { errorKind, errorMessage } from '#base/errors.ts'
import type { BuildCache } from '#build/cache/store.ts'
import type { BuiltPlatform } from '#build/builder/built.ts'
import { explainMiss, type StartedVertex } from '#build/cache/why.ts'
import { completeConfig } from '#build/builder/config.ts'
import type { HistoryStore } from '#build/builder/history.ts'
import { planBuild } from '#build/builder/plan.ts'
import { type BuildProgress, createProgress } from '#build/builder/progress.ts'
import type { RunningBuilds } from '#build/builder/running.ts'
import { exportBuild } from '#build/export/export.ts'
import { type ImportedCache, importCaches } from '#build/export/cache-import.ts'
import { proxyArgs, sourceDateEpoch } from '#build/graph/options.ts'
import { createExecutor } from '#build/ops/executor.ts'
import { type BuildHold, createHold } from '#build/ops/hold.ts'
import type { BuildMachine, BuildSession } from '#build/ops/machine.ts'
import { type BuildResult, emptyResult, type SnapshotResult } from '#build/ops/result.ts'
import type { Solver } from '#build/solver/types.ts'
import type { BuildEvent, BuildOutcome, BuildRequest } from '#build/types.ts'
import type { Platform } from '#oci/descriptor.ts'
import { hostPlatform } from '#oci/platform.ts'
import { familiarName } from '#oci/reference.ts'

export interface BuilderParts {
  readonly machine: BuildMachine
  readonly cache: BuildCache
  readonly solver: Solver<BuildResult>
  readonly history: HistoryStore
  readonly running: RunningBuilds
}

export async function runBuild(
  parts: BuilderParts,
  request: BuildRequest,
  signal: AbortSignal,
): Promise<BuildOutcome> {
  const buildId = randomBytes(13).toString('hex').slice(0, 25)
  using _running = parts.running.begin()
  using log = parts.history.begin(buildId, nameOf(request))
  const emit = (event: BuildEvent) => {
    log.write(event)
    request.onEvent(event)
  }
  const { cache, machine } = parts
  const explain = (event: StartedVertex) =>
    request.explains === true ? explainMiss(event, { cache, listings: machine.listings }) : []
  const progress = createProgress(explain, emit)
  const counts = () => ({
    buildId,
    totalSteps: progress.counts.total,
    cachedSteps: progress.counts.cached,
  })
  try {
    const outcome = await perform(parts, { buildId, request, progress }, signal)
    const { imageId } = outcome
    const image = imageId === undefined ? {} : { imageId }
    parts.history.finish({ ...counts(), ...image, status: 'completed' })
    return outcome
  } catch (error) {
    const status = signal.aborted || errorKind(error) === 'cancelled' ? 'cancelled' : 'failed'
    parts.history.finish({ ...counts(), status, error: errorMessage(error) })
    throw error
  } finally {
    await parts.machine.teardowns.settled()
  }
}

function nameOf({ tags, target, dockerfile }: BuildRequest): string {
  const [tag] = tags
  return tag ? familiarName(tag) : [dockerfile.name, target].filter(Boolean).join(' ')
}

interface Build {
  readonly buildId: string
  readonly request: BuildRequest
  readonly progress: BuildProgress
}

async function perform(
  parts: BuilderParts,
  build: Build,
  signal: AbortSignal,
): Promise<BuildOutcome> {
  const { buildId, progress, request } = build
  const startedAt = now()
  await using hold = createHold(await parts.machine.stores.leases.open(`build ${buildId}`))
  const { lease } = hold
  const platforms = request.platforms.length === 0 ? [hostPlatform()] : request.platforms
  const around = progress.perform
  const { machine } = parts
  const imported = await importCaches({ machine, request, lease, around }, signal)
  const built = await mapPool(platforms, platforms.length, (platform, poolSignal) => {
    const either = AbortSignal.any([signal, poolSignal])
    return buildPlatform(parts, { ...build, hold, platform, imported }, either)
  })
  const job = {
    ...parts,
    images: machine.images,
    buildId,
    startedAt,
    request,
    built,
    lease,
    around,
  }
  return { buildId, ...(await exportBuild(job, signal)) }
}

interface PlatformBuild extends Build {
  readonly hold: BuildHold
  readonly platform: Platform
  readonly imported: ImportedCache
}

async function buildPlatform(
  { machine, solver }: BuilderParts,
  build: PlatformBuild,
  signal: AbortSignal,
): Promise<BuiltPlatform> {
  const { request, progress, platform } = build
  const { images } = machine
  const { graph, bases } = await planBuild({ images, progress }, { request, platform }, signal)
  const executor = createExecutor(machine, sessionOf(build, bases.images))
  const { vertices } = graph
  const targets = [...graph.layers, graph.root]
  const { onSolve: onEvent } = progress
  const { origin = '' } = request
  const results = await solver.solve({ executor, vertices, targets, origin, onEvent }, signal)
  const snapshots = results.map(asSnapshot)
  const result = snapshots.at(-1) ?? emptyResult
  const steps = snapshots.slice(0, -1)
  const latestTime = sourceDateEpoch(request)
  const config = completeConfig({ graph, result, steps, latestTime })
  const used = [...vertices.values()].flatMap(({ op }) => (op.kind === 'image' ? [op] : []))
  return { platform, config, result, graph, steps, bases: used }
}

/** `FROM` a named context: its files are no image. */
function asSnapshot(result: BuildResult): SnapshotResult {
  return result.kind === 'snapshot' ? result : emptyResult
}

function sessionOf(
  { buildId, request, hold, imported }: PlatformBuild,
  images: BuildSession['images'],
): BuildSession {
  const { contexts, secrets, ssh, limits, registryAuth, buildArgs } = request
  return {
    buildId,
    hold,
    lease: hold.lease,
    contexts,
    images,
    imported,
    secrets,
    ssh,
    limits,
    allowsInsecure: request.allowsInsecure,
    allowsHostNetwork: request.allowsHostNetwork || request.network === 'host',
    registryAuth,
    hostname: buildArgs.get('BUILDKIT_SANDBOX_HOSTNAME') ?? 'buildkitsandbox',
    proxyEnv: proxyEnv(buildArgs),
  }
}

/** Each in upper and lower case, since programs look for either. */
function proxyEnv(buildArgs: ReadonlyMap<string, string>): string[] {
  const given = [...buildArgs].filter(([name]) => proxyArgs.has(name))
  const spellings = given.flatMap(([name, value]): [string, string][] => [
    [name.toUpperCase(), value],
    [name.toLowerCase(), value],
  ])
  return [...new Map([...spellings, ...given])].map(([name, value]) => `${name}=${value}`)
}
