/** Limits: refused where they make no sense, dropped with a warning where the machine has no such limit. */
import { availableParallelism } from 'node:os'
import { EngineError } from '#base/errors.ts'
import type { Resources } from '#container/types.ts'
import { type CgroupLimits, parseCpuList } from '#sys/cgroup/limits.ts'

const minimumMemoryBytes = 6 * 1024 * 1024

export interface CheckedResources {
  /** What can be had of the limits asked for. */
  readonly resources: Resources
  readonly warnings: readonly string[]
}

/** @throws EngineError invalid_argument with Docker's texts */
export function checkResources(asked: Resources, limits: CgroupLimits): CheckedResources {
  const kept = withSupported(asked, limits)
  checkMemory(asked)
  checkCpu(asked)
  checkCpuset(kept.resources, limits)
  const { blkioWeight, isOomKillDisabled, memoryBytes } = kept.resources
  if (blkioWeight !== 0 && (blkioWeight < 10 || blkioWeight > 1000)) {
    throw invalid('Range of blkio weight is from 10 to 1000')
  }
  if (!isOomKillDisabled || memoryBytes > 0) return kept
  return { ...kept, warnings: [...kept.warnings, oomWarning] }
}

const oomWarning =
  'OOM killer is disabled for the container, but no memory limit is set, this can result in the ' +
  'system running out of resources.'

const unlimited = 'capabilities or the cgroup is not mounted.'

interface Discard {
  /** Whether the request is there and the machine cannot meet it. */
  readonly isDue: boolean
  readonly without: Partial<Resources>
  readonly warning: string
}

function withSupported(asked: Resources, limits: CgroupLimits): CheckedResources {
  const due = discards(asked, limits).filter(({ isDue }) => isDue)
  const { memorySwappiness, ...rest } = asked
  const keepsSwappiness = memorySwappiness !== undefined && limits.memorySwappiness
  // Docker's rule, told by inspect: as much swap as memory unless the user says otherwise.
  const doublesMemory = asked.memoryBytes > 0 && asked.memorySwapBytes === 0
  return {
    resources: Object.assign(
      {
        ...rest,
        ...(keepsSwappiness ? { memorySwappiness } : {}),
        ...(doublesMemory ? { memorySwapBytes: asked.memoryBytes * 2 } : {}),
      },
      ...due.map(({ without }) => without),
    ),
    warnings: due.map(({ warning }) => warning),
  }
}

function discards(asked: Resources, limits: CgroupLimits): readonly Discard[] {
  return [
    {
      isDue: asked.memoryBytes > 0 && !limits.memory,
      without: { memoryBytes: 0, memorySwapBytes: -1 },
      warning: `Your kernel does not support memory limit ${unlimited} Limitation discarded.`,
    },
    {
      isDue: asked.memoryBytes > 0 && asked.memorySwapBytes !== -1 && limits.memory && !limits.swap,
      without: { memorySwapBytes: -1 },
      warning: `Your kernel does not support swap limit ${unlimited} Memory limited without swap.`,
    },
    {
      isDue: asked.memorySwappiness !== undefined && !limits.memorySwappiness,
      without: {},
      warning: `Your kernel does not support memory swappiness ${unlimited} Memory swappiness discarded.`,
    },
    {
      isDue: asked.memoryReservationBytes > 0 && !limits.memoryReservation,
      without: { memoryReservationBytes: 0 },
      warning: `Your kernel does not support memory soft limit ${unlimited} Limitation discarded.`,
    },
    {
      isDue: asked.isOomKillDisabled && !limits.oomKillDisable,
      without: { isOomKillDisabled: false },
      warning: 'Your kernel does not support OomKillDisable. OomKillDisable discarded.',
    },
    {
      isDue: (asked.pidsLimit ?? 0) > 0 && !limits.pids,
      without: { pidsLimit: 0 },
      warning: `Your kernel does not support PIDs limit ${unlimited} PIDs limit discarded.`,
    },
    {
      isDue: asked.nanoCpus > 0 && !limits.cpuCfs,
      without: { nanoCpus: 0 },
      warning:
        'NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted',
    },
    {
      isDue: asked.cpuShares > 0 && !limits.cpuShares,
      without: { cpuShares: 0 },
      warning:
        'Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.',
    },
    {
      isDue: (asked.cpuPeriodUs > 0 || asked.cpuQuotaUs > 0) && !limits.cpuCfs,
      without: { cpuPeriodUs: 0, cpuQuotaUs: 0 },
      warning: 'Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.',
    },
    {
      isDue: (asked.cpusetCpus !== '' || asked.cpusetMems !== '') && !limits.cpuset,
      without: { cpusetCpus: '', cpusetMems: '' },
      warning:
        'Your kernel does not support cpuset or the cgroup is not mounted. CPUset discarded.',
    },
    {
      isDue: (asked.blkioWeight > 0 || weights(asked).length > 0) && !limits.blkioWeight,
      without: { blkioWeight: 0, blkioDevices: rates(asked) },
      warning:
        'Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.',
    },
  ]
}

const weights = ({ blkioDevices = [] }: Resources) =>
  blkioDevices.filter(({ limit }) => limit === 'weight')

const rates = ({ blkioDevices = [] }: Resources) =>
  blkioDevices.filter(({ limit }) => limit !== 'weight')

function checkMemory(resources: Resources): void {
  const { memoryBytes, memorySwapBytes, memoryReservationBytes, memorySwappiness } = resources
  if (memoryBytes !== 0 && memoryBytes < minimumMemoryBytes) {
    throw invalid('Minimum memory limit allowed is 6MB')
  }
  if (memoryBytes > 0 && memorySwapBytes > 0 && memorySwapBytes < memoryBytes) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage')
  }
  if (memoryBytes === 0 && memorySwapBytes > 0) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage')
  }
  if (memorySwappiness !== undefined && (memorySwappiness < -1 || memorySwappiness > 100)) {
    throw invalid(`Invalid value: ${memorySwappiness}, valid memory swappiness range is 0-100`)
  }
  if (memoryReservationBytes !== 0 && memoryReservationBytes < minimumMemoryBytes) {
    throw invalid('Minimum memory reservation allowed is 6MB')
  }
  if (memoryBytes > 0 && memoryReservationBytes > memoryBytes) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage')
  }
}

function checkCpu(resources: Resources): void {
  const { nanoCpus, cpuPeriodUs, cpuQuotaUs, cpuShares } = resources
  if (nanoCpus > 0 && cpuPeriodUs > 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set')
  }
  if (nanoCpus > 0 && cpuQuotaUs > 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set')
  }
  const cpus = availableParallelism()
  if (nanoCpus < 0 || nanoCpus > cpus * 1e9) {
    throw invalid(
      `range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`,
    )
  }
  if (cpuShares < 0) {
    throw invalid(`invalid CPU shares (${cpuShares}): value must be a positive integer`)
  }
  if (cpuPeriodUs !== 0 && (cpuPeriodUs < 1000 || cpuPeriodUs > 1_000_000)) {
    throw invalid(
      'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
    )
  }
  if (cpuQuotaUs > 0 && cpuQuotaUs < 1000) {
    throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)')
  }
}

function checkCpuset({ cpusetCpus, cpusetMems }: Resources, { cpus, mems }: CgroupLimits): void {
  checkList(cpusetCpus, { available: cpus, name: 'cpuset cpus', things: 'CPUs' })
  checkList(cpusetMems, { available: mems, name: 'cpuset mems', things: 'memory nodes' })
}

interface ListWords {
  readonly available: string
  readonly name: string
  readonly things: string
}

function checkList(text: string, { available, name, things }: ListWords): void {
  const wanted = parseCpuList(text)
  if (!wanted) throw invalid(`Invalid value ${text} for ${name}: invalid format: ${text}`)
  const present = parseCpuList(available)
  if (!present || available === '' || [...wanted].every((number) => present.has(number))) return
  throw invalid(
    `Requested ${things} are not available - requested ${text}, available: ${available}`,
  )
}

function invalid(message: string): EngineError {
  return new EngineError('invalid_argument', message)
}
