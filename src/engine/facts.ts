/** Facts about the machine and this engine, for /info and /version. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { arch, availableParallelism, hostname, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { errnoOf } from '#base/errors.ts'
import { randomId } from '#base/ids.ts'
import type { EngineConfig, SystemFacts } from '#engine/types.ts'
import { runtimeNames } from '#runtime/names.ts'
import { defaultSeccompPath } from '#runtime/spec/seccomp.ts'
import type { Runtime } from '#runtime/types.ts'
import { readCgroupHierarchy, type CgroupHierarchy } from '#sys/cgroup/hierarchy.ts'
import { readCgroupLimits } from '#sys/cgroup/limits.ts'
import { mountContaining } from '#sys/mountinfo.ts'

/** Docker's name for layers that overlayfs stacks. */
export const storageDriver = 'overlay2'

export interface FactsDeps {
  readonly config: EngineConfig
  readonly runtime: Pick<Runtime, 'versions'>
}

/** Reads what never changes; the returned function reads the rest at each call. */
export async function openFacts({
  config,
  runtime,
}: FactsDeps): Promise<() => Promise<SystemFacts>> {
  const id = await engineId(config.dataRoot)
  return async () => {
    const [versions, system] = await Promise.all([runtime.versions(), osRelease()])
    const hierarchy = readCgroupHierarchy()
    const limits = await readLimits(hierarchy)
    const security = {
      seccompProfile: config.seccompProfile ?? '',
      hasDefaultProfile: existsSync(defaultSeccompPath),
      isCgroupV2: hierarchy.type === 'v2',
    }
    return {
      id,
      name: hostname(),
      kernelVersion: release(),
      operatingSystem: system.name,
      osVersion: system.version,
      architecture: architectureName(),
      cpus: availableParallelism(),
      memoryBytes: totalmem(),
      storageDriver: { name: storageDriver, status: storageStatus(config.dataRoot) },
      cgroupDriver: 'cgroupfs',
      cgroupVersion: hierarchy.type === 'v2' ? '2' : '1',
      securityOptions: securityOptions(security),
      runtimeVersion: versions.runtime,
      conmonVersion: versions.conmon,
      defaultRuntime: config.defaultRuntime,
      runtimes: runtimeNames(config.runtimes),
      warnings: [...limitWarnings(limits), ...seccompWarnings(security)],
      limits,
    }
  }
}

/** Drawn once per data root. */
async function engineId(dataRoot: string): Promise<string> {
  const path = join(dataRoot, 'engine-id')
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    const id = randomId()
    await mkdir(dataRoot, { recursive: true })
    await writeFile(`${path}.new`, `${id}\n`)
    await rename(`${path}.new`, path)
    return id
  }
}

async function osRelease(): Promise<{ readonly name: string; readonly version: string }> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  const field = (name: string) =>
    new RegExp(`^${name}=(.*)$`, 'm').exec(text)?.[1]?.replace(/^["']|["']$/g, '')
  return { name: field('PRETTY_NAME') ?? 'Linux', version: field('VERSION_ID') ?? '' }
}

/** `uname -m`'s word, as Docker's info shows it. */
function architectureName(): string {
  const names: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }
  return names[arch()] ?? arch()
}

function storageStatus(dataRoot: string): readonly (readonly [string, string])[] {
  const backing = mountContaining(dataRoot)?.type ?? 'unknown'
  return [
    ['Backing Filesystem', backing === 'ext4' ? 'extfs' : backing],
    ['Supports d_type', 'true'],
    ['Native Overlay Diff', 'true'],
  ]
}

interface SecurityFacts {
  /** `builtin` or empty, `unconfined`, or a host path. */
  readonly seccompProfile: string
  /** Whether the file is installed that `builtin` means. */
  readonly hasDefaultProfile: boolean
  readonly isCgroupV2: boolean
}

export function securityOptions(facts: SecurityFacts): readonly string[] {
  const profile = isUnfiltered(facts) ? 'unconfined' : facts.seccompProfile || 'builtin'
  return [`name=seccomp,profile=${profile}`, ...(facts.isCgroupV2 ? ['name=cgroupns'] : [])]
}

/** Containers run without a filter, though nobody asked for that. */
function isUnfiltered({ seccompProfile, hasDefaultProfile }: SecurityFacts): boolean {
  return ['', 'builtin'].includes(seccompProfile) && !hasDefaultProfile
}

export function seccompWarnings(facts: SecurityFacts): readonly string[] {
  if (!isUnfiltered(facts)) return []
  return [`WARNING: No seccomp profile: ${defaultSeccompPath} is not installed`]
}

async function readLimits(hierarchy: CgroupHierarchy): Promise<SystemFacts['limits']> {
  const forwarding = await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8').catch(() => '0')
  return { ...readCgroupLimits(hierarchy), ipv4Forwarding: forwarding.trim() === '1' }
}

function limitWarnings(limits: SystemFacts['limits']): readonly string[] {
  const missing: readonly (readonly [boolean, string])[] = [
    [!limits.memory, 'WARNING: No memory limit support'],
    [!limits.swap, 'WARNING: No swap limit support'],
    [!limits.cpuCfs, 'WARNING: No cpu cfs quota support'],
    [!limits.cpuShares, 'WARNING: No cpu shares support'],
    [!limits.cpuset, 'WARNING: No cpuset support'],
    [!limits.pids, 'WARNING: No pids limit support'],
    [!limits.ipv4Forwarding, 'WARNING: IPv4 forwarding is disabled'],
  ]
  return missing.flatMap(([isMissing, text]) => (isMissing ? [text] : []))
}
