/** One container's cgroup, whatever the hierarchy: the same path in every tree. */
import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { errnoOf } from '#base/errors.ts'
import { type CgroupHierarchy, readWords } from '#sys/cgroup/hierarchy.ts'

export interface Cgroup {
  /** Processes of the group and of groups below it, in the host's pid namespace. */
  pids(): readonly number[]
  /** Whether the kernel killed one of its processes for lack of memory. */
  isOomKilled(): boolean
  /** Stops every process at once (true) or lets them go on. */
  setFrozen(isFrozen: boolean): void
  isFrozen(): boolean
  /** Kills every process in it, frozen ones too. They may take a moment to end. */
  kill(): void
  /** Removes the group's directories, lowest first. @throws EBUSY while processes are in it */
  remove(): void
  /** Whether a directory of it exists in any tree. */
  exists(): boolean
}

/** The group at `path` (`/gantry/<id>`) of `hierarchy`. */
export function openCgroup(hierarchy: CgroupHierarchy, path: string): Cgroup {
  const directories = groupDirectories(hierarchy, path)
  const isV2 = hierarchy.type === 'v2'
  const inTree = (controller: string) =>
    isV2 ? directories[0] : treeDirectory(hierarchy, controller, path)
  const pids = () => {
    const tree = inTree('pids') ?? inTree('freezer') ?? directories[0]
    return tree === undefined ? [] : readPids(tree)
  }
  const setFrozen = (isFrozen: boolean) => {
    const tree = inTree('freezer')
    if (tree === undefined) return
    if (isV2) writeFileSync(`${tree}/cgroup.freeze`, isFrozen ? '1' : '0')
    else writeFileSync(`${tree}/freezer.state`, isFrozen ? 'FROZEN' : 'THAWED')
  }
  return {
    pids,
    setFrozen,
    isOomKilled: () => readOomKills(inTree('memory'), isV2) > 0,
    isFrozen: () => readFrozen(inTree('freezer'), isV2),
    kill() {
      const tree = directories[0]
      if (isV2 && tree !== undefined && existsSync(`${tree}/cgroup.kill`)) {
        writeFileSync(`${tree}/cgroup.kill`, '1')
        return
      }
      for (const pid of pids()) killPid(pid)
      if (readFrozen(inTree('freezer'), isV2)) setFrozen(false)
    },
    remove() {
      for (const directory of directories) removeTree(directory)
    },
    exists: () => directories.some((directory) => existsSync(directory)),
  }
}

/** Removes the directories of a group that holds neither processes nor groups; others stay. */
export function removeEmptyGroup(hierarchy: CgroupHierarchy, path: string): void {
  for (const directory of groupDirectories(hierarchy, path)) {
    try {
      rmdirSync(directory)
    } catch (error) {
      if (errnoOf(error) === undefined) throw error
    }
  }
}

function groupDirectories(hierarchy: CgroupHierarchy, path: string): readonly string[] {
  switch (hierarchy.type) {
    case 'none':
      return []
    case 'v2':
      return [`${hierarchy.root}${path}`]
    case 'v1': {
      const roots = new Set(hierarchy.controllers.values())
      if (hierarchy.unifiedRoot !== undefined) roots.add(hierarchy.unifiedRoot)
      roots.add(namedTree)
      return [...roots].map((root) => `${root}${path}`)
    }
  }
}

/** The tree without controllers in which runtimes keep a container's processes too. */
const namedTree = '/sys/fs/cgroup/systemd'

function treeDirectory(hierarchy: CgroupHierarchy, controller: string, path: string) {
  const root = hierarchy.type === 'v1' ? hierarchy.controllers.get(controller) : undefined
  return root === undefined ? undefined : `${root}${path}`
}

function readPids(directory: string): number[] {
  const own = unlessGone(() => readWords(`${directory}/cgroup.procs`).map(Number)) ?? []
  return [...own, ...subdirectories(directory).flatMap(readPids)]
}

function subdirectories(directory: string): string[] {
  const entries = unlessGone(() => readdirSync(directory, { withFileTypes: true })) ?? []
  return entries.filter((entry) => entry.isDirectory()).map((entry) => `${directory}/${entry.name}`)
}

/** Runtimes remove groups too, between our look and our step: ENOENT, or ENODEV from a file held open. */
function unlessGone<T>(step: () => T): T | undefined {
  try {
    return step()
  } catch (error) {
    const errno = errnoOf(error)
    if (errno === 'ENOENT' || errno === 'ENODEV') return undefined
    throw error
  }
}

/** `oom_kill N` of memory.events (v2) or memory.oom_control (v1, Linux 4.13 and later). */
function readOomKills(directory: string | undefined, isV2: boolean): number {
  if (directory === undefined) return 0
  const file = `${directory}/${isV2 ? 'memory.events' : 'memory.oom_control'}`
  const text = unlessGone(() => readFileSync(file, 'utf8')) ?? ''
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0)
}

function readFrozen(directory: string | undefined, isV2: boolean): boolean {
  if (directory === undefined) return false
  const file = `${directory}/${isV2 ? 'cgroup.events' : 'freezer.state'}`
  const text = unlessGone(() => readFileSync(file, 'utf8'))
  if (text === undefined) return false
  return isV2 ? /^frozen 1$/m.test(text) : text.trim() !== 'THAWED'
}

function killPid(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error
  }
}

function removeTree(directory: string): void {
  for (const child of subdirectories(directory)) removeTree(child)
  unlessGone(() => rmdirSync(directory))
}
