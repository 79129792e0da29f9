/** Creates a task: bundle, conmon, and the init process that waits to be started. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { abortable } from '#base/async.ts'
import { errorMessage } from '#base/errors.ts'
import { undoing } from '#base/undo.ts'
import { openCgroup } from '#sys/cgroup/group.ts'
import { type StartedConmon, startConmon } from '#runtime/conmon.ts'
import type { RuntimeContext } from '#runtime/context.ts'
import { execDefaultsOf, type TaskFacts, writeTaskFacts } from '#runtime/facts.ts'
import { createFailure } from '#runtime/failure.ts'
import type { Bundle } from '#runtime/layout.ts'
import type { OciProgram } from '#runtime/programs.ts'
import { type ContainerState, deleteContainerState, statePathOf } from '#runtime/remove.ts'
import { cgroupPathOf } from '#runtime/spec/build.ts'
import { openTask } from '#runtime/task.ts'
import type { CreateTaskOptions, Task } from '#runtime/types.ts'

export async function createTask(
  context: RuntimeContext,
  options: CreateTaskOptions,
  signal?: AbortSignal,
): Promise<Task> {
  const { containerId } = options
  context.anticipateMigration()
  const program = context.programs.oci(options.runtime)
  const bundle = context.layout.bundle(containerId)
  const facts = factsOf(options, program)
  const state = { containerId, program, cgroupPath: facts.cgroupPath }
  await using undo = new AsyncDisposableStack()
  writeBundle(bundle, facts, JSON.stringify(context.seccomp.apply(options.spec, program)))
  undo.defer(
    undoing(context.log, 'remove bundle', () =>
      rmSync(bundle.directory, { recursive: true, force: true }),
    ),
  )
  const conmon = startConmon({
    ...options,
    conmon: context.programs.conmon,
    program,
    bundle,
    temporary: context.layout.temporary,
  })
  const watch = { [Symbol.dispose]: () => conmon.process.release() }
  context.open.add(watch)
  void conmon.process.exited.then(() => context.open.delete(watch))
  undo.defer(undoing(context.log, 'end container', () => endCreation(context, state, conmon)))
  const pid = await created(conmon, options.spec.process.args, signal)
  context.seccomp.learn(options.spec, program, statePathOf(context, state))
  const task = openTask(context, {
    containerId,
    bundle,
    facts,
    program,
    pid,
    conmonPid: conmon.process.pid,
    isStarted: false,
    supervisorEnded: conmon.process.exited,
  })
  undo.move()
  return task
}

function factsOf(options: CreateTaskOptions, program: OciProgram): TaskFacts {
  return {
    runtime: program.name,
    cgroupPath: options.spec.linux.cgroupsPath ?? cgroupPathOf(undefined, options.containerId),
    isTerminal: options.isTerminal,
    closesStdinOnce: options.closesStdinOnce,
    ...(options.logPath === undefined ? {} : { logPath: options.logPath }),
    execDefaults: execDefaultsOf(options.spec.process),
  }
}

/** A directory left by an earlier task of the id is replaced: its container was deleted long ago. */
function writeBundle(bundle: Bundle, facts: TaskFacts, config: string): void {
  rmSync(bundle.directory, { recursive: true, force: true })
  mkdirSync(bundle.directory, { recursive: true, mode: 0o700 })
  writeFileSync(bundle.config, config, { mode: 0o600 })
  writeTaskFacts(bundle.facts, facts)
}

async function created(
  conmon: StartedConmon,
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<number> {
  const outcome = conmon.created.catch((error: unknown) => {
    throw createFailure(errorMessage(error), args)
  })
  // When the caller stops waiting first, nobody else looks at this failure.
  outcome.catch(() => undefined)
  return abortable(outcome, signal)
}

/** Far more than a creation takes; only a hung runtime needs it. */
const creationDeadlineMs = 20_000

/**
 * A runtime that is killed half-way leaves its pieces behind, so a creation that
 * nobody waits for any more is first let finish and then deleted.
 */
async function endCreation(
  context: RuntimeContext,
  state: ContainerState,
  conmon: StartedConmon,
): Promise<void> {
  const settled = conmon.created.then(
    () => undefined,
    () => undefined,
  )
  const deadline = AbortSignal.timeout(creationDeadlineMs)
  await abortable(settled, deadline).catch(() => undefined)
  openCgroup(context.hierarchy, state.cgroupPath).kill()
  if (deadline.aborted) conmon.process.signal(9)
  await conmon.process.exited
  await deleteContainerState(context, state)
}
