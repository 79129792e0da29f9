/** Opens the container runtime of one engine. */
import { mkdirSync } from 'node:fs'
import type { Logger } from '#base/log.ts'
import { removeEmptyGroup } from '#sys/cgroup/group.ts'
import { createMigrationWarmer } from '#sys/cgroup/migration.ts'
import { delegateControllers, setupCgroups } from '#sys/cgroup/setup.ts'
import { runCommand } from '#sys/process.ts'
import { adoptTask, listTaskIds, removeStrayTask } from '#runtime/adopt.ts'
import type { RuntimeContext } from '#runtime/context.ts'
import { createTask } from '#runtime/create.ts'
import { layoutOf } from '#runtime/layout.ts'
import { findPrograms, type RuntimeConfig } from '#runtime/programs.ts'
import { createSeccompCache } from '#runtime/seccomp-cache.ts'
import { defaultCgroupParent } from '#runtime/spec/build.ts'
import { runOnce } from '#runtime/run-once.ts'
import type { Runtime } from '#runtime/types.ts'

export interface RuntimeOptions {
  /** Bundles, sockets and the OCI runtimes' state; gone after a reboot, as the containers are. */
  readonly execRoot: string
  /** Compiled seccomp filters are kept under it. */
  readonly dataRoot: string
  /** `crun` and `runc` need no entry. */
  readonly runtimes: RuntimeConfig
  readonly defaultRuntime: string
  /** Parent of the containers' cgroups; `gantry` when absent. */
  readonly cgroupParent?: string
  readonly log: Logger
}

/**
 * Prepares the machine's cgroups and finds the programs.
 * @throws EngineError failed_precondition when conmon or the default runtime is not installed
 */
export async function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  const layout = layoutOf(options.execRoot)
  for (const directory of [layout.containers, layout.states]) {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
  }
  const hierarchy = setupCgroups()
  const asked = options.cgroupParent ?? ''
  const parent = `/${asked === '' ? defaultCgroupParent : asked}`
  if (hierarchy.type === 'v2') delegateControllers(hierarchy.root, parent)
  const programs = findPrograms({ ...options, hierarchy, stateRoot: layout.states })
  const context: RuntimeContext = {
    layout,
    programs,
    hierarchy,
    seccomp: createSeccompCache(`${options.dataRoot}/runtime/seccomp`),
    anticipateMigration: createMigrationWarmer(hierarchy),
    log: options.log,
    open: new Set(),
  }
  let versions: ReturnType<typeof readVersions> | undefined
  return {
    anticipate: () => context.anticipateMigration(),
    create: (task, signal) => createTask(context, task, signal),
    runOnce: (run, signal) => runOnce(context, run, signal),
    adopt: (task) => adoptTask(context, task),
    listIds: async () => listTaskIds(context),
    removeStray: (id) => removeStrayTask(context, id),
    checkName: (name) => void programs.oci(name),
    versions: () => (versions ??= readVersions(context)),
    close() {
      for (const held of context.open) held[Symbol.dispose]()
      context.open.clear()
      programs[Symbol.dispose]()
      removeEmptyGroup(hierarchy, parent)
    },
  }
}

async function readVersions(context: RuntimeContext) {
  const [runtime, conmon] = await Promise.all([
    runCommand(context.programs.oci().path, ['--version']),
    runCommand(context.programs.conmon, ['--version']),
  ])
  return { runtime: versionOf(runtime.stdout), conmon: versionOf(conmon.stdout) }
}

/** `crun version 1.8.1\n…` → `1.8.1` */
function versionOf(output: Buffer): string {
  return /version:?\s+(\S+)/.exec(output.toString())?.[1] ?? 'unknown'
}
