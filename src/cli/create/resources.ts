import { nonEmpty } from '#cli/create/pairs.ts'
import type { CreatePart } from '#cli/create/parts.ts'
import type { Flag, FlagSet } from '#cli/flags/flag-set.ts'
import { parseBinarySize } from '#cli/format/units.ts'
import type { UlimitBody } from '#wire/host-config.ts'

/** Flags that limit memory, processors and processes. */
export function declareResourceFlags(flags: FlagSet): () => CreatePart {
  const memory = declareMemoryFlags(flags)
  const processors = declareProcessorFlags(flags)
  const pidsLimit = flags.integer('pids-limit', 'Tune container pids limit (set -1 for unlimited)')
  const blkioWeight = flags.integer(
    'blkio-weight',
    'Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)',
    { type: 'uint16' },
  )
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
      BlkioWeight: given(blkioWeight),
      Ulimits: nonEmpty(ulimit.value),
    },
  })
}

function declareMemoryFlags(flags: FlagSet): () => NonNullable<CreatePart['host']> {
  const size = { initial: 0, type: 'bytes', parse: parseBinarySize }
  const memory = flags.add('memory', 'Memory limit', { ...size, short: 'm' })
  const reservation = flags.add('memory-reservation', 'Memory soft limit', size)
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
    MemorySwappiness: given(swappiness),
    OomKillDisable: given(oomKillDisable),
    OomScoreAdj: given(oomScoreAdj),
  })
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
  const mems = flags.text('cpuset-mems', 'MEMs in which to allow execution (0-3, 0,1)')
  return () => ({
    NanoCpus: given(cpus),
    CpuShares: given(shares),
    CpuPeriod: given(period),
    CpuQuota: given(quota),
    CpusetCpus: given(cpuset),
    CpusetMems: given(mems),
  })
}

function given<T>(flag: Flag<T>): T | undefined {
  return flag.isSet ? flag.value : undefined
}

/** `1.5` → 1,500,000,000. @throws Error */
export function parseCpus(text: string): number {
  if (!/^\d+(\.\d*)?$|^\.\d+$/.test(text))
    throw new Error(`failed to parse ${text} as a rational number`)
  const nanos = Number(text) * 1e9
  if (Math.abs(nanos - Math.round(nanos)) > 1e-3) throw new Error('value is too precise')
  return Math.round(nanos)
}

/** `nofile=1024:2048`. @throws Error with Docker's text */
export function parseUlimit(text: string): UlimitBody {
  const match = /^([^=]+)=([^:]*)(?::(.*))?$/.exec(text)
  if (!match) throw new Error(`invalid ulimit argument: ${text}`)
  const [, name = '', softText = '', hardText = softText] = match
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
