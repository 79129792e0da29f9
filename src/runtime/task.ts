/** One running container: its init process, its conmon, and what can be done with them. */
import { rmSync } from 'node:fs'
import { now } from '#base/clock.ts'
import { EngineError, errnoOf, errorMessage } from '#base/errors.ts'
import { openCgroup } from '#sys/cgroup/group.ts'
import { writeFifo } from '#sys/fifo.ts'
import { closeDescriptor } from '#sys/files.ts'
import { openPidfd, signalPidfd } from '#sys/pidfd.ts'
import { runCommand } from '#sys/process.ts'
import { createAcceptance } from '#runtime/accept.ts'
import { openAttachments } from '#runtime/attach.ts'
import type { RuntimeContext } from '#runtime/context.ts'
import { startExec } from '#runtime/exec.ts'
import { endUnsupervised, findRecordedExit, wasOomKilled } from '#runtime/exit.ts'
import type { TaskFacts } from '#runtime/facts.ts'
import { createFailure } from '#runtime/failure.ts'
import type { Bundle } from '#runtime/layout.ts'
import type { OciProgram } from '#runtime/programs.ts'
import { type ContainerState, deleteContainerState, statePathOf } from '#runtime/remove.ts'
import type { Task, TaskExit } from '#runtime/types.ts'

export interface TaskIdentity {
  readonly containerId: string
  readonly bundle: Bundle
  readonly facts: TaskFacts
  readonly program: OciProgram
  readonly pid: number
  readonly conmonPid: number
  /** Settles when conmon has ended. */
  readonly supervisorEnded: Promise<unknown>
  /** False while init waits to be started. */
  readonly isStarted: boolean
}

const sigkill = 9

export function openTask(context: RuntimeContext, identity: TaskIdentity): Task {
  const { containerId, bundle, facts, program, pid } = identity
  const state: ContainerState = { containerId, program, cgroupPath: facts.cgroupPath }
  const cgroup = openCgroup(context.hierarchy, facts.cgroupPath)
  const init = holdProcess(pid)
  let ended: TaskExit | undefined
  const unknownEnd = (error: unknown): TaskExit => {
    context.log.error({ container: containerId, reason: errorMessage(error) }, 'task not ended')
    return { code: 255, finishedAt: now(), isOomKilled: false }
  }
  const exited = identity.supervisorEnded.then(async () => {
    const recorded = findRecordedExit(bundle.exit, wasOomKilled(cgroup))
    ended = recorded ?? (await endUnsupervised(pid, cgroup).catch(unknownEnd))
    init.release()
    return ended
  })
  const attachments = openAttachments(bundle.attachSocket, facts.isTerminal)
  let { isStarted } = identity
  const whenAccepted = createAcceptance(identity.conmonPid)
  const signal = (signalNumber: number) => {
    if (ended || !init.signal(signalNumber)) throw notRunning(containerId)
    // A frozen v1 group holds even SIGKILL back.
    if (signalNumber === sigkill && cgroup.isFrozen()) cgroup.setFrozen(false)
  }
  return {
    containerId,
    pid,
    conmonPid: identity.conmonPid,
    exited,
    async start(abort) {
      await startInit(statePathOf(context, state), state, abort)
      isStarted = true
    },
    async kill(signalNumber) {
      signal(signalNumber)
    },
    async pause() {
      cgroup.setFrozen(true)
    },
    async resume() {
      cgroup.setFrozen(false)
    },
    async resize({ columns, rows }) {
      writeFifo(bundle.control, `1 ${rows} ${columns}\n`)
    },
    async reopenLog() {
      writeFifo(bundle.control, '2 0 0\n')
    },
    async attach({ holdsStdin = true } = {}) {
      const connect = () => attachments.attach(holdsStdin || !facts.closesStdinOnce)
      return isStarted ? connect() : whenAccepted(connect)
    },
    outputTaken: () => attachments.taken(),
    exec: (options, abort) =>
      startExec(
        { context, program, containerId, bundle, defaults: facts.execDefaults, options },
        abort,
      ),
    pids: async () => cgroup.pids(),
    async remove() {
      if (!ended) {
        init.signal(sigkill)
        cgroup.kill()
        await exited
      }
      await deleteContainerState(context, state)
      rmSync(bundle.directory, { recursive: true, force: true })
    },
  }
}

/**
 * Lets the init process go. With crun that is one byte into its exec FIFO, and
 * `crun start` only where the FIFO is not as expected.
 */
async function startInit(statePath: string, state: ContainerState, signal?: AbortSignal) {
  const fifo = `${statePath}/exec.fifo`
  if (state.program.isCrun) {
    try {
      writeFifo(fifo, '\0')
      rmSync(fifo, { force: true })
      return
    } catch (error) {
      // ENXIO: init does not read from it yet.
      if (errnoOf(error) !== 'ENXIO' && errnoOf(error) !== 'ENOENT') throw error
    }
  }
  const { executable, args } = state.program
  const command = [...args, 'start', state.containerId]
  const result = await runCommand(executable, command, signal ? { signal } : {})
  if (result.code !== 0) throw createFailure(result.stderr.toString(), [])
}

/** Keeps a process by descriptor until it is released; one that has ended already cannot be signalled. */
function holdProcess(pid: number) {
  let pidfd: number | undefined
  try {
    pidfd = openPidfd(pid)
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error
  }
  return {
    /** False when the process has ended. */
    signal(signalNumber: number): boolean {
      if (pidfd === undefined) return false
      try {
        signalPidfd(pidfd, signalNumber)
        return true
      } catch (error) {
        if (errnoOf(error) !== 'ESRCH') throw error
        return false
      }
    },
    release() {
      if (pidfd !== undefined) closeDescriptor(pidfd)
      pidfd = undefined
    },
  }
}

function notRunning(containerId: string): EngineError {
  return new EngineError('failed_precondition', `container ${containerId} is not running`)
}
