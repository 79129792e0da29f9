/**
 * Starts conmon(8) for one container. It runs `<runtime> create`, holds the
 * container's stdio, writes the log and, last of all, the exit code.
 */
import { writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { EngineError } from '#base/errors.ts'
import { closeDescriptor } from '#sys/files.ts'
import { openPipe } from '#sys/pipe.ts'
import { type ChildProcess, openPipeReader, plainEnvironment, startProcess } from '#sys/process.ts'
import type { Bundle } from '#runtime/layout.ts'
import type { OciProgram } from '#runtime/programs.ts'

export interface ConmonOptions {
  readonly conmon: string
  readonly program: OciProgram
  readonly containerId: string
  readonly bundle: Bundle
  readonly temporary: string
  readonly logPath?: string
  readonly isTerminal: boolean
  readonly hasStdin: boolean
  readonly closesStdinOnce: boolean
}

export interface StartedConmon {
  readonly process: ChildProcess
  /**
   * The init process's pid once the runtime has created it.
   * @throws EngineError internal with the runtime's own words as message
   */
  readonly created: Promise<number>
}

/** Descriptor in conmon on which it reports the outcome of `create`. */
const syncDescriptor = 3

export function startConmon(options: ConmonOptions): StartedConmon {
  const sync = openPipe()
  try {
    const process = startProcess({
      path: options.conmon,
      args: conmonArguments(options),
      env: [...plainEnvironment, `TMPDIR=${options.temporary}`, `_OCI_SYNCPIPE=${syncDescriptor}`],
      cwd: options.bundle.directory,
      descriptors: ['null', 'null', 'null', sync.writeFd],
      isSessionLeader: true,
    })
    // With --sync conmon is the process that was started and writes no pid file itself.
    writeFileSync(options.bundle.conmonPid, String(process.pid))
    return { process, created: readCreated(openPipeReader(sync.readFd)) }
  } catch (error) {
    closeDescriptor(sync.readFd)
    throw error
  } finally {
    closeDescriptor(sync.writeFd)
  }
}

/** The argument by which a container's conmon is known among all processes. */
export function conmonMark(containerId: string): string {
  return `--cuuid=${containerId}`
}

function conmonArguments(options: ConmonOptions): readonly string[] {
  const { bundle, containerId, program } = options
  return [
    '--sync',
    '--api-version=1',
    `--cid=${containerId}`,
    conmonMark(containerId),
    `--name=${containerId}`,
    `--runtime=${program.executable}`,
    ...program.args.map((argument) => `--runtime-arg=${argument}`),
    `--bundle=${bundle.directory}`,
    `--container-pidfile=${bundle.pid}`,
    `--exit-dir=${bundle.directory}`,
    `--persist-dir=${bundle.directory}`,
    `--log-path=${options.logPath === undefined ? 'off' : `k8s-file:${options.logPath}`}`,
    '--full-attach',
    '--no-sync-log',
    '--log-level=error',
    ...(options.hasStdin ? ['--stdin'] : []),
    ...(options.closesStdinOnce ? [] : ['--leave-stdin-open']),
    ...(options.isTerminal ? ['--terminal'] : []),
  ]
}

/** One JSON line: `{"data": pid}`, or a negative number and `message`. */
async function readCreated(pipe: Socket): Promise<number> {
  let text = ''
  for await (const chunk of pipe) {
    text += String(chunk)
    if (text.includes('\n')) break
  }
  pipe.destroy()
  const report: unknown = text === '' ? undefined : JSON.parse(text)
  if (typeof report === 'object' && report !== null && 'data' in report) {
    if (typeof report.data === 'number' && report.data > 0) return report.data
    if ('message' in report && typeof report.message === 'string') throw failed(report.message)
  }
  throw failed('conmon ended without a report')
}

function failed(message: string): EngineError {
  return new EngineError('internal', message)
}
