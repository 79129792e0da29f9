/** Deletes what the kernel and the runtime hold of a container that has ended. */
import { rmSync } from 'node:fs'
import { sleep } from '#base/async.ts'
import { EngineError, errnoOf, errorMessage } from '#base/errors.ts'
import { type Cgroup, openCgroup } from '#sys/cgroup/group.ts'
import { runCommand } from '#sys/process.ts'
import type { RuntimeContext } from '#runtime/context.ts'
import type { OciProgram } from '#runtime/programs.ts'

export interface ContainerState {
  readonly containerId: string
  readonly program: OciProgram
  readonly cgroupPath: string
}

/**
 * The same as `<runtime> delete --force`. For crun, whose state is one plain
 * directory, it is done here without starting a process; no hooks are in our bundles.
 */
export async function deleteContainerState(
  context: RuntimeContext,
  state: ContainerState,
): Promise<void> {
  const cgroup = openCgroup(context.hierarchy, state.cgroupPath)
  if (!state.program.isCrun) await deleteByRuntime(context, state)
  await emptyCgroup(cgroup)
  if (state.program.isCrun) {
    rmSync(statePathOf(context, state), { recursive: true, force: true })
  }
}

export function statePathOf(context: RuntimeContext, state: ContainerState): string {
  return `${context.layout.states}/${state.program.name}/${state.containerId}`
}

async function deleteByRuntime(context: RuntimeContext, state: ContainerState): Promise<void> {
  const { executable, args } = state.program
  const result = await runCommand(executable, [...args, 'delete', '--force', state.containerId], {
    timeoutMs: 30_000,
  })
  if (result.code !== 0) {
    const reason = result.stderr.toString().trim()
    context.log.debug({ container: state.containerId, reason }, 'runtime had nothing to delete')
  }
}

/** Killed processes leave their cgroup a moment later; removal is tried until they have. */
async function emptyCgroup(cgroup: Cgroup): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      cgroup.remove()
      return
    } catch (error) {
      if (errnoOf(error) !== 'EBUSY' || attempt >= 100) {
        throw new EngineError('internal', `remove cgroup: ${errorMessage(error)}`, { cause: error })
      }
      cgroup.kill()
      await sleep(attempt < 10 ? 1 : 20)
    }
  }
}
