/** Which limits this machine's kernel and cgroup trees can hold, and among which processors one may choose. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { type CgroupHierarchy, readCgroupHierarchy, readWords } from '#sys/cgroup/hierarchy.ts'

export interface CgroupLimits {
  readonly memory: boolean
  /** Memory and swap together. */
  readonly swap: boolean
  readonly memorySwappiness: boolean
  readonly memoryReservation: boolean
  /** Turning the kernel's OOM killer off for one group. */
  readonly oomKillDisable: boolean
  readonly cpuShares: boolean
  readonly cpuCfs: boolean
  readonly cpuset: boolean
  readonly pids: boolean
  readonly blkioWeight: boolean
  /** Processors and memory nodes that groups may have, as lists: `0-3,7`. Empty when unknown. */
  readonly cpus: string
  readonly mems: string
}

export function readCgroupLimits(hierarchy: CgroupHierarchy = readCgroupHierarchy()): CgroupLimits {
  switch (hierarchy.type) {
    case 'v2':
      return unifiedLimits(hierarchy.root)
    case 'v1':
      return splitLimits(hierarchy.controllers)
    case 'none':
      return noLimits
  }
}

/** `0-2,5` → 0, 1, 2, 5; undefined for a text that is no such list. */
export function parseCpuList(text: string): ReadonlySet<number> | undefined {
  const numbers = new Set<number>()
  for (const part of text.split(',').filter((word) => word !== '')) {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part)
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]
    if (!match || last < first) return undefined
    for (let number = first; number <= last; number += 1) numbers.add(number)
  }
  return numbers
}

/** The root group has none of the files, so that a group below it is asked where there is one. */
function unifiedLimits(root: string): CgroupLimits {
  const controllers = new Set(readWords(`${root}/cgroup.controllers`))
  const group = readdirSync(root, { withFileTypes: true }).find((entry) => entry.isDirectory())
  const inGroup = (file: string) =>
    group !== undefined && existsSync(`${root}/${group.name}/${file}`)
  const memory = controllers.has('memory')
  return {
    memory,
    swap: memory && (group === undefined || inGroup('memory.swap.max')),
    memorySwappiness: false,
    memoryReservation: memory,
    oomKillDisable: false,
    cpuShares: controllers.has('cpu'),
    cpuCfs: controllers.has('cpu'),
    cpuset: controllers.has('cpuset'),
    pids: controllers.has('pids'),
    blkioWeight: controllers.has('io') && (inGroup('io.weight') || inGroup('io.bfq.weight')),
    cpus: readLine(`${root}/cpuset.cpus.effective`),
    mems: readLine(`${root}/cpuset.mems.effective`),
  }
}

function splitLimits(trees: ReadonlyMap<string, string>): CgroupLimits {
  const has = (controller: string, file: string) => {
    const root = trees.get(controller)
    return root !== undefined && existsSync(`${root}/${file}`)
  }
  const cpuset = trees.get('cpuset')
  return {
    memory: trees.has('memory'),
    swap: has('memory', 'memory.memsw.limit_in_bytes'),
    memorySwappiness: has('memory', 'memory.swappiness'),
    memoryReservation: has('memory', 'memory.soft_limit_in_bytes'),
    oomKillDisable: has('memory', 'memory.oom_control'),
    cpuShares: has('cpu', 'cpu.shares'),
    cpuCfs: has('cpu', 'cpu.cfs_quota_us') || trees.has('cpu'),
    cpuset: cpuset !== undefined,
    pids: trees.has('pids'),
    blkioWeight: has('blkio', 'blkio.weight'),
    cpus: cpuset === undefined ? '' : readLine(`${cpuset}/cpuset.cpus`),
    mems: cpuset === undefined ? '' : readLine(`${cpuset}/cpuset.mems`),
  }
}

const noLimits: CgroupLimits = {
  memory: false,
  swap: false,
  memorySwappiness: false,
  memoryReservation: false,
  oomKillDisable: false,
  cpuShares: false,
  cpuCfs: false,
  cpuset: false,
  pids: false,
  blkioWeight: false,
  cpus: '',
  mems: '',
}

function readLine(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : ''
}
