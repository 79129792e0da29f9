/** A container runtime on a busybox root filesystem in a temporary directory, for tests without an engine. */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import type { TestContext } from 'node:test'
import { silentLogger } from '#base/log.ts'
import { openRuntime } from '#runtime/open.ts'
import { buildRuntimeSpec } from '#runtime/spec/build.ts'
import type { SpecInput } from '#runtime/spec/types.ts'
import type { CreateTaskOptions, ExecOptions, Runtime, Task, TaskStdio } from '#runtime/types.ts'

export interface RuntimeMachine {
  readonly root: string
  readonly rootfs: string
  readonly runtime: Runtime
  readonly cgroupParent: string
  /** Another runtime on the same directories, as a restarted engine would open. */
  reopen(): Promise<Runtime>
  spec(
    containerId: string,
    args: readonly string[],
    more?: Partial<SpecInput>,
  ): ReturnType<typeof buildRuntimeSpec>
  /** Creates a task that is removed when the test ends. */
  create(args: readonly string[], more?: CreateMore): Promise<Task>
  logPath(containerId: string): string
}

export interface CreateMore {
  readonly task?: Partial<CreateTaskOptions>
  readonly spec?: Partial<SpecInput>
}

let count = 0

export async function openRuntimeMachine(t: TestContext): Promise<RuntimeMachine> {
  const root = mkdtempSync(`${tmpdir()}/gantry-runtime-`)
  const rootfs = makeRootfs(`${root}/rootfs`)
  const cgroupParent = `gantry-test-${process.pid}-${count++}`
  const runtimes: Runtime[] = []
  const reopen = async () => {
    const runtime = await openRuntime({
      execRoot: `${root}/exec`,
      dataRoot: `${root}/data`,
      runtimes: {},
      defaultRuntime: 'crun',
      cgroupParent,
      log: silentLogger,
    })
    runtimes.push(runtime)
    return runtime
  }
  const runtime = await reopen()
  t.after(async () => {
    for (const id of await runtime.listIds()) await runtime.removeStray(id)
    for (const opened of runtimes) opened.close()
    rmSync(root, { recursive: true, force: true })
  })
  const spec = (containerId: string, args: readonly string[], more: Partial<SpecInput> = {}) =>
    buildRuntimeSpec({ ...plainSpec, containerId, rootfsPath: rootfs, args, cgroupParent, ...more })
  const logPath = (containerId: string) => `${root}/${containerId}.log`
  return {
    root,
    rootfs,
    runtime,
    cgroupParent,
    reopen,
    spec,
    logPath,
    create(args, more = {}) {
      const containerId = `t${process.pid}x${count++}`
      return runtime.create({
        containerId,
        spec: spec(containerId, args, {
          ...(more.task?.isTerminal === true ? { isTerminal: true } : {}),
          ...more.spec,
        }),
        logPath: logPath(containerId),
        isTerminal: false,
        hasStdin: false,
        closesStdinOnce: false,
        ...more.task,
      })
    },
  }
}

const plainSpec: Omit<SpecInput, 'containerId' | 'rootfsPath' | 'args'> = {
  isReadonlyRootfs: false,
  hostname: 'box',
  env: ['PATH=/bin'],
  cwd: '/',
  user: { uid: 0, gid: 0, additionalGids: [] },
  isTerminal: false,
  mounts: [],
  network: { type: 'private' },
  ipc: { type: 'private' },
  pid: { type: 'private' },
  uts: { type: 'private' },
  cgroupNamespace: { type: 'private' },
}

export function execOptions(args: readonly string[], more: Partial<ExecOptions> = {}): ExecOptions {
  return {
    execId: `e${count++}`,
    args,
    env: ['PATH=/bin'],
    cwd: '/',
    user: { uid: 0, gid: 0, additionalGids: [] },
    isTerminal: false,
    hasStdin: false,
    isDetached: false,
    isPrivileged: false,
    ...more,
  }
}

function makeRootfs(rootfs: string): string {
  for (const name of ['bin', 'proc', 'sys', 'dev', 'etc', 'tmp', 'root']) {
    mkdirSync(`${rootfs}/${name}`, { recursive: true })
  }
  copyFileSync('/bin/busybox', `${rootfs}/bin/busybox`)
  const applets = execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).trim().split('\n')
  for (const applet of applets) {
    if (applet !== 'busybox') symlinkSync('busybox', `${rootfs}/bin/${applet}`)
  }
  writeFileSync(`${rootfs}/etc/passwd`, 'root:x:0:0:root:/root:/bin/sh\n')
  writeFileSync(`${rootfs}/etc/plain`, 'not a program\n', { mode: 0o644 })
  return rootfs
}

/** Everything a stdio gives, by stream. */
export async function collect(stdio: TaskStdio): Promise<{ stdout: Buffer; stderr: Buffer }> {
  const raw = await collectRaw(stdio)
  const parts: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] }
  for (let at = 0; at < raw.length;) {
    const length = raw.readUInt32BE(at + 4)
    parts[raw[at] === 1 ? 'stdout' : 'stderr'].push(raw.subarray(at + 8, at + 8 + length))
    at += 8 + length
  }
  return { stdout: Buffer.concat(parts.stdout), stderr: Buffer.concat(parts.stderr) }
}

export async function collectRaw(stdio: TaskStdio): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stdio.output) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** What this process and the machine hold on to; equal before and after when nothing leaked. */
export function heldThings(machine: RuntimeMachine) {
  return {
    descriptors: readdirSync('/proc/self/fd').length,
    cgroups: globSync(`/sys/fs/cgroup/{,*/}${machine.cgroupParent}/t${process.pid}x*`).length,
    processes: readdirSync('/proc').filter(
      (pid) => /^\d+$/.test(pid) && commandOf(pid).includes(machine.root),
    ).length,
    bundles: readdirSync(`${machine.root}/exec/containers`).length,
  }
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
