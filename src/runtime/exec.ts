/**
 * Extra processes in a running container. `<runtime> exec` is started directly,
 * with plain pipes: it waits for the process and ends with its exit code.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { abortable } from '#base/async.ts'
import type { RuntimeProcess } from '#oci/runtime-spec.ts'
import { type ChildProcess, plainEnvironment, startProcess } from '#sys/process.ts'
import type { RuntimeContext } from '#runtime/context.ts'
import { openPidReport } from '#runtime/exec-pid.ts'
import { type ExecStreams, openExecPipes, openExecTerminal } from '#runtime/exec-stdio.ts'
import type { ExecDefaults } from '#runtime/facts.ts'
import { execFailure } from '#runtime/failure.ts'
import type { Bundle } from '#runtime/layout.ts'
import type { OciProgram } from '#runtime/programs.ts'
import { capabilitySets, everyCapability } from '#runtime/spec/capabilities.ts'
import type { ExecOptions, ExecProcess } from '#runtime/types.ts'

export interface ExecParts {
  readonly context: RuntimeContext
  readonly program: OciProgram
  readonly containerId: string
  readonly bundle: Bundle
  readonly defaults: ExecDefaults
  readonly options: ExecOptions
}

/** @throws EngineError invalid_argument with Docker's text when the program cannot be executed */
export async function startExec(parts: ExecParts, signal?: AbortSignal): Promise<ExecProcess> {
  const { options } = parts
  parts.context.anticipateMigration()
  const base = `${parts.bundle.directory}/exec-${options.execId}`
  const files = {
    process: `${base}.json`,
    log: `${base}.log`,
    console: `${base}.sock`,
    pid: `${base}.pid`,
  }
  const forget = () => {
    for (const path of [files.process, files.log]) rmSync(path, { force: true })
  }
  writeFileSync(files.process, JSON.stringify(processOf(parts)), { mode: 0o600 })
  const streams = options.isTerminal
    ? openExecTerminal(files.console, options)
    : openExecPipes(options)
  let started: StartedExec
  try {
    started = startRuntime(parts, files, streams)
  } catch (error) {
    streams.abandon()
    forget()
    throw error
  } finally {
    streams.closeChildEnds()
  }
  const { child } = started
  try {
    const pid = await abortable(started.pid, signal)
    if (pid === undefined) throw await failureOf(child, files.log, options.args)
    const { stdio, resize } = await streams.connect(child)
    const exited = child.exited.then(({ code }) => ({ code }))
    void exited.then(forget)
    return { pid, stdio: options.isDetached ? undefined : stdio, exited, resize }
  } catch (error) {
    child.signal(9)
    streams.abandon()
    forget()
    throw error
  }
}

interface ExecFiles {
  readonly process: string
  readonly log: string
  readonly console: string
  readonly pid: string
}

interface StartedExec {
  readonly child: ChildProcess
  /** The process's pid once it runs; undefined when it never did. */
  readonly pid: Promise<number | undefined>
}

function startRuntime(parts: ExecParts, files: ExecFiles, streams: ExecStreams): StartedExec {
  const { program, containerId } = parts
  const report = openPidReport(program, files.pid)
  try {
    const child = startProcess({
      path: program.executable,
      args: [
        ...program.args,
        `--log=${files.log}`,
        'exec',
        `--process=${files.process}`,
        `--pid-file=${report.pidFile}`,
        ...(streams.consoleSocket === undefined
          ? []
          : [`--console-socket=${streams.consoleSocket}`]),
        containerId,
      ],
      env: plainEnvironment,
      descriptors: [...streams.childDescriptors, ...report.childDescriptors],
      isSessionLeader: true,
    })
    return { child, pid: report.read(child) }
  } catch (error) {
    report.abandon()
    throw error
  } finally {
    report.closeChildEnd()
  }
}

async function failureOf(child: ChildProcess, logPath: string, args: readonly string[]) {
  await child.exited
  let message = ''
  try {
    message = readFileSync(logPath, 'utf8')
  } catch {
    // The runtime died before it could say why.
  }
  return execFailure(message, args)
}

function processOf({ defaults, options }: ExecParts): RuntimeProcess {
  const { bounding, ...own } = defaults
  const held = options.isPrivileged ? everyCapability() : bounding
  return {
    terminal: options.isTerminal,
    ...(options.isTerminal && options.consoleSize
      ? { consoleSize: { height: options.consoleSize.rows, width: options.consoleSize.columns } }
      : {}),
    user: options.user,
    args: options.args,
    env: options.env,
    cwd: options.cwd,
    capabilities: capabilitySets(held, options.user.uid === 0),
    ...own,
  }
}
