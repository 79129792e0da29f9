import { EngineError } from '#base/errors.ts'
import { declareBlockIoFlags } from '#cli/create/block-io.ts'
import { nonEmpty } from '#cli/create/pairs.ts'
import type { CreatePart } from '#cli/create/parts.ts'
import { given } from '#cli/flags/flag-set.ts'
import type { FlagSet } from '#cli/flags/flag-set.ts'
import { parseBinarySize } from '#cli/format/units.ts'
import type { UlimitBody } from '#wire/host-config.ts'

/** Flags that limit memory, processors and processes. */
export function declareResourceFlags(flags: FlagSet): () => CreatePart {
  const memory = declareMemoryFlags(flags)
  const processors = declareProcessorFlags(flags)
  const pidsLimit = flags.integer('pids-limit', 'Tune container pids limit (set -1 for unlimited)')
  const blockIo = declareBlockIoFlags(flags)
  const ulimit = flags.add<readonly UlimitBody[]>('ulimit', 'Ulimit options', {
    initial: [],
    type: 'ulimit',
    parse: (text, previous) => [...previous, parseUlimit(text)],
  })
  return () => ({
    host: {
      ...memory(),
      ...processors(),
      PidsLimit: given(pidsLimit),
      ...blockIo(),
      Ulimits: nonEmpty(ulimit.value),
    },
  })
}

function declareMemoryFlags(flags: FlagSet): () => NonNullable<CreatePart['host']> {
  const size = { initial: 0, type: 'bytes', parse: parseBinarySize }
  const memory = flags.add('memory', 'Memory limit', { ...size, short: 'm' })
  const reservation = flags.add('memory-reservation', 'Memory soft limit', size)
  flags.add('kernel-memory', 'Kernel memory limit', { ...size, isHidden: true })
  const swap = flags.add(
    'memory-swap',
    "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
    { ...size, parse: (text) => (text === '-1' ? -1 : parseBinarySize(text)) },
  )
  const swappiness = flags.integer(
    'memory-swappiness',
    'Tune container memory swappiness (0 to 100)',
    {
      initial: -1,
    },
  )
  const oomKillDisable = flags.bool('oom-kill-disable', 'Disable OOM Killer')
  const oomScoreAdj = flags.integer('oom-score-adj', "Tune host's OOM preferences (-1000 to 1000)")
  return () => ({
    Memory: given(memory),
    MemoryReservation: given(reservation),
    MemorySwap: given(swap),
    MemorySwappiness: checkedSwappiness(given(swappiness)),
    OomKillDisable: given(oomKillDisable),
    OomScoreAdj: given(oomScoreAdj),
  })
}

function checkedSwappiness(value: number | undefined): number | undefined {
  if (value === undefined || value === -1 || (value >= 0 && value <= 100)) return value
  const message = `invalid value: ${value}. Valid memory swappiness range is 0-100`
  throw new EngineError('invalid_argument', message)
}

function declareProcessorFlags(flags: FlagSet): () => NonNullable<CreatePart['host']> {
  const cpus = flags.add('cpus', 'Number of CPUs', {
    initial: 0,
    type: 'decimal',
    parse: parseCpus,
  })
  const shares = flags.integer('cpu-shares', 'CPU shares (relative weight)', { short: 'c' })
  const period = flags.integer('cpu-period', 'Limit CPU CFS (Completely Fair Scheduler) period')
  const quota = flags.integer('cpu-quota', 'Limit CPU CFS (Completely Fair Scheduler) quota')
  const cpuset = flags.text('cpuset-cpus', 'CPUs in which to allow execution (0-3, 0,1)')
  const realtimePeriod = flags.integer(
    'cpu-rt-period',
    'Limit CPU real-time period in microseconds',
  )
  const realtimeRuntime = flags.integer(
    'cpu-rt-runtime',
    'Limit CPU real-time runtime in microseconds',
  )
  const mems = flags.text('cpuset-mems', 'MEMs in which to allow execution (0-3, 0,1)')
  return () => ({
    NanoCpus: given(cpus),
    CpuShares: given(shares),
    CpuPeriod: given(period),
    CpuQuota: given(quota),
    CpuRealtimePeriod: given(realtimePeriod),
    CpuRealtimeRuntime: given(realtimeRuntime),
    CpusetCpus: given(cpuset),
    CpusetMems: given(mems),
  })
}

/** `1.5` → 1,500,000,000. @throws Error */
export function parseCpus(text: string): number {
  if (!/^-?(\d+(\.\d*)?|\.\d+)$/.test(text))
    throw new Error(`failed to parse ${text} as a rational number`)
  const nanos = Number(text) * 1e9
  if (Math.abs(nanos - Math.round(nanos)) > 1e-3) throw new Error('value is too precise')
  return Math.round(nanos)
}

const ulimitNames = new Set(
  'core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  ),
)

/** `nofile=1024:2048`. @throws Error with Docker's text */
export function parseUlimit(text: string): UlimitBody {
  const match = /^([^=]+)=([^:]*)(?::(.*))?$/.exec(text)
  if (!match) throw new Error(`invalid ulimit argument: ${text}`)
  const [, name = '', softText = '', hardText = softText] = match
  if (!ulimitNames.has(name)) throw new Error(`invalid ulimit type: ${name}`)
  const [soft, hard] = [softText, hardText].map(Number)
  if (!/^-?\d+$/.test(softText) || !/^-?\d+$/.test(hardText)) {
    throw new Error(`strconv.ParseInt: parsing "${softText}": invalid syntax`)
  }
  if (soft === undefined || hard === undefined) throw new Error(`invalid ulimit argument: ${text}`)
  if (hard !== -1 && (soft === -1 || soft > hard)) {
    throw new Error(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`)
  }
  return { Name: name, Soft: soft, Hard: hard }
}
