/** What an engine of a test left behind in the kernel, found by the engine's own names. */
import {
  existsSync,
  globSync,
  readFileSync,
  readlinkSync,
  readdirSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { run } from '#test/support/commands.ts'
import type { EngineIdentity } from '#test/support/identity.ts'

/** Each line says one thing that is still there; empty when all is given back. */
export async function findLeaks(identity: EngineIdentity): Promise<string[]> {
  return [
    ...mountsBelow(identity.root).map((path) => `mount ${path}`),
    ...bridgePorts(identity.bridge).map((port) => `bridge port ${port}`),
    ...containerCgroups(identity.cgroupParent).map((path) => `cgroup ${path}`),
    ...processesOf(identity).map(({ pid, title }) => `process ${pid} ${title}`),
    ...ownDescriptors(identity.root).map((path) => `descriptor of this process ${path}`),
  ]
}

/** The engine's nftables table, and any other that names its bridge; they live as long as the bridge. */
export async function tablesOf(identity: EngineIdentity): Promise<string[]> {
  const { stdout } = await run('nft', ['list', 'ruleset'])
  return stdout
    .split(/^(?=table )/m)
    .filter((table) => table.includes(identity.bridge) || table.includes(` ${identity.table} `))
    .map((table) => /^table (.+?) \{/.exec(table)?.[1] ?? '')
}

/** Removes everything of this engine, leaks too: the next test starts on a clean machine. */
export async function sweep(identity: EngineIdentity): Promise<void> {
  for (const { pid } of processesOf(identity)) kill(pid)
  // A frozen process takes its SIGKILL only once it is let go on.
  for (const path of cgroupsOf(identity.cgroupParent)) thaw(path)
  for (const path of mountsBelow(identity.root).toReversed()) await run('umount', ['-l', path])
  for (const port of bridgePorts(identity.bridge)) await run('ip', ['link', 'delete', port])
  await run('ip', ['link', 'delete', identity.bridge])
  for (const table of await tablesOf(identity)) {
    await run('nft', ['delete', 'table', ...table.split(' ')])
  }
  for (const path of cgroupsOf(identity.cgroupParent).toReversed()) removeCgroup(path)
  rmSync(identity.root, { recursive: true, force: true })
}

/** Ends a pause, on cgroup v1 and v2. */
function thaw(cgroup: string): void {
  for (const [file, value] of [
    ['freezer.state', 'THAWED'],
    ['cgroup.freeze', '0'],
  ] as const) {
    if (existsSync(`${cgroup}/${file}`)) writeFileSync(`${cgroup}/${file}`, value)
  }
}

/** Mount points below a folder, outermost first, as often as they are mounted. */
export function mountsBelow(root: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path === root || path.startsWith(`${root}/`))
}

/** Links that are ports of the bridge: the host ends of containers. */
export function bridgePorts(bridge: string): string[] {
  return globSync(`/sys/class/net/${bridge}/brif/*`).map((path) =>
    path.slice(path.lastIndexOf('/') + 1),
  )
}

/** Cgroups below the engine's parent, in every hierarchy. */
function containerCgroups(parent: string): string[] {
  return cgroupsOf(parent).filter((path) => !path.endsWith(`/${parent}`))
}

/** Cgroups below a parent in every hierarchy, the parent included. */
export function cgroupsOf(parent: string): string[] {
  return [`/sys/fs/cgroup/${parent}`, `/sys/fs/cgroup/*/${parent}`].flatMap((pattern) =>
    globSync([pattern, `${pattern}/**/`]).map((path) => path.replace(/\/$/, '')),
  )
}

interface FoundProcess {
  readonly pid: number
  readonly title: string
}

/** Processes that name the engine's folders in their arguments, or live below its cgroup parent. */
export function processesOf(identity: EngineIdentity): FoundProcess[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = Number(name)
    if (!Number.isInteger(pid) || pid === process.pid) return []
    const title = readProc(pid, 'cmdline').replaceAll('\0', ' ').trim()
    const isOurs =
      title.includes(`${identity.root}/`) ||
      readProc(pid, 'cgroup').includes(`/${identity.cgroupParent}/`)
    return isOurs && !isZombie(pid) ? [{ pid, title }] : []
  })
}

function isZombie(pid: number): boolean {
  return / Z \d+ /.test(readProc(pid, 'stat').replace(/^.*\)/, ''))
}

/** A file of a process that may end while it is read. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

/** Files below `root` that this very process holds open. */
function ownDescriptors(root: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(`${root}/`) ? [path] : []
    } catch {
      return [] // The descriptor that listed the folder is closed by now.
    }
  })
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended on its own.
  }
}

function removeCgroup(path: string): void {
  try {
    rmdirSync(path)
  } catch {
    // A process in it has not been reaped yet; an empty cgroup harms nobody.
  }
}
