/**
 * A container that lives no longer than its caller wants: the OCI runtime's `run` on two
 * pipes, without conmon. A build step starts in two thirds of the time that way.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { abortReason, sleep } from '#base/async.ts'
import { now } from '#base/clock.ts'
import { undoing } from '#base/undo.ts'
import { openCgroup } from '#sys/cgroup/group.ts'
import { closeDescriptor } from '#sys/files.ts'
import {
  type ChildProcess,
  openOutputPipe,
  openPipeReader,
  plainEnvironment,
  startProcess,
} from '#sys/process.ts'
import type { RuntimeContext } from '#runtime/context.ts'
import { execDefaultsOf, writeTaskFacts } from '#runtime/facts.ts'
import { createFailure } from '#runtime/failure.ts'
import type { Bundle } from '#runtime/layout.ts'
import { type ContainerState, deleteContainerState, statePathOf } from '#runtime/remove.ts'
import { cgroupPathOf } from '#runtime/spec/build.ts'
import type { RunOnceOptions, TaskExit } from '#runtime/types.ts'

/** The program is killed at once; a runtime that is only starting it gets this long. */
const killPatienceMs = 600

export async function runOnce(
  context: RuntimeContext,
  options: RunOnceOptions,
  signal: AbortSignal,
): Promise<TaskExit> {
  if (signal.aborted) throw abortReason(signal)
  context.anticipateMigration()
  const { containerId, spec } = options
  const state: ContainerState = {
    containerId,
    program: context.programs.oci(),
    cgroupPath: spec.linux.cgroupsPath ?? cgroupPathOf(undefined, containerId),
  }
  const bundle = context.layout.bundle(containerId)
  await using undo = new AsyncDisposableStack()
  undo.defer(
    undoing(context.log, 'remove bundle', () =>
      rmSync(bundle.directory, { recursive: true, force: true }),
    ),
  )
  undo.defer(undoing(context.log, 'delete container', () => deleteContainerState(context, state)))
  writeBundle(context, { bundle, state, options })
  const { child, closed } = start({ bundle, state, options })
  const ending = endOnAbort(context, { state, child }, signal)
  const learning = learnFilter(context, { state, options })
  const { code } = await child.exited
  learning()
  await ending.settle()
  await closed
  if (signal.aborted) throw abortReason(signal)
  const complaint = readComplaint(bundle)
  if (code !== 0 && complaint !== '') throw createFailure(complaint, spec.process.args)
  const isOomKilled = code !== 0 && openCgroup(context.hierarchy, state.cgroupPath).isOomKilled()
  return { code, finishedAt: now(), isOomKilled }
}

interface Run {
  readonly bundle: Bundle
  readonly state: ContainerState
  readonly options: RunOnceOptions
}

/** The facts let another engine end the container when this one dies. */
function writeBundle(context: RuntimeContext, { bundle, state, options }: Run): void {
  const spec = context.seccomp.apply(options.spec, state.program)
  mkdirSync(bundle.directory, { recursive: true, mode: 0o700 })
  writeFileSync(bundle.config, JSON.stringify(spec), { mode: 0o600 })
  writeTaskFacts(bundle.facts, {
    runtime: state.program.name,
    cgroupPath: state.cgroupPath,
    isTerminal: false,
    closesStdinOnce: false,
    execDefaults: execDefaultsOf(options.spec.process),
  })
}

function start({ bundle, state, options }: Run): {
  readonly child: ChildProcess
  /** Settles when both pipes have been read to their end. */
  readonly closed: Promise<unknown>
} {
  const { executable, args } = state.program
  const out = openOutputPipe()
  const err = openOutputPipe()
  const log = [`--log=${logPath(bundle)}`]
  try {
    const child = startProcess({
      path: executable,
      args: [...args, ...log, 'run', `--bundle=${bundle.directory}`, options.containerId],
      env: plainEnvironment,
      cwd: bundle.directory,
      descriptors: ['null', out.writeFd, err.writeFd],
    })
    const closed = Promise.all([
      forward(openPipeReader(out.readFd), (chunk) => options.onOutput('stdout', chunk)),
      forward(openPipeReader(err.readFd), (chunk) => options.onOutput('stderr', chunk)),
    ])
    return { child, closed }
  } catch (error) {
    closeDescriptor(out.readFd)
    closeDescriptor(err.readFd)
    throw error
  } finally {
    closeDescriptor(out.writeFd)
    closeDescriptor(err.writeFd)
  }
}

function forward(pipe: Socket, onChunk: (chunk: Uint8Array) => void): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  pipe.on('data', onChunk)
  pipe.on('error', () => pipe.destroy())
  pipe.once('close', () => resolve())
  return promise
}

function logPath(bundle: Bundle): string {
  return `${bundle.directory}/runtime.log`
}

/** What the runtime itself had to say; the program's own words are on the pipes. */
function readComplaint(bundle: Bundle): string {
  try {
    return readFileSync(logPath(bundle), 'utf8').trim()
  } catch {
    return ''
  }
}

/**
 * Kills the container's processes while the runtime lives, which then cleans up; a runtime
 * that has not got that far in `killPatienceMs` is killed itself.
 */
function endOnAbort(
  context: RuntimeContext,
  { state, child }: { readonly state: ContainerState; readonly child: ChildProcess },
  signal: AbortSignal,
): { settle(): Promise<void> } {
  const over = new AbortController()
  let ending: Promise<void> | undefined
  const end = async () => {
    const cgroup = openCgroup(context.hierarchy, state.cgroupPath)
    const deadline = performance.now() + killPatienceMs
    while (!over.signal.aborted) {
      cgroup.kill()
      if (performance.now() > deadline) child.signal(9)
      await sleep(5)
    }
  }
  const onAbort = () => {
    ending ??= undoing(context.log, 'end container', end)()
  }
  signal.addEventListener('abort', onAbort, { once: true })
  return {
    async settle() {
      over.abort()
      signal.removeEventListener('abort', onAbort)
      await ending
    },
  }
}

/** The compiled filter lies in the container's state only while it runs, so the first step is watched. */
function learnFilter(
  context: RuntimeContext,
  { state, options }: Pick<Run, 'state' | 'options'>,
): () => void {
  const isLearnt = () =>
    context.seccomp.learn(options.spec, state.program, statePathOf(context, state))
  if (isLearnt()) return () => undefined
  const timer = setInterval(() => {
    if (isLearnt()) clearInterval(timer)
  }, 10)
  return () => clearInterval(timer)
}
