/** Extra processes in a running container. */
import { EngineError } from '#base/errors.ts'
import { randomId } from '#base/ids.ts'
import { announce, type ContainerContext } from '#container/context.ts'
import { filterFrames } from '#container/frames.ts'
import { envName } from '#container/merge.ts'
import { containerPaths } from '#container/paths.ts'
import { failureCode } from '#container/start-failure.ts'
import { noSuchContainer } from '#container/table.ts'
import type {
  ContainerRecord,
  CreateExecRequest,
  ExecRecord,
  StartExecOptions,
} from '#container/types.ts'
import type { ExecProcess, Task, TaskStdio, TerminalSize } from '#runtime/types.ts'
import { resolveUser } from '#runtime/user.ts'
import { processEnv } from '#container/process.ts'

/** @throws EngineError not_found, conflict (not running, paused), invalid_argument */
export function createExec(
  context: ContainerContext,
  ref: string,
  request: CreateExecRequest,
): string {
  const record = context.table.resolve(ref)
  checkActive(record)
  context.runtime.anticipate()
  if (request.args.length === 0) {
    throw new EngineError('invalid_argument', 'No exec command specified')
  }
  const exec: ExecRecord = {
    id: randomId(),
    containerId: record.id,
    request,
    state: { status: 'created' },
  }
  context.execs.insert(exec)
  announce(context, record, { action: `exec_create: ${request.args.join(' ')}`, execID: exec.id })
  return exec.id
}

/**
 * Starts an exec once. The lock of the container is not taken: a slow exec must
 * not hold up its stop.
 * @throws EngineError not_found, conflict (started before, container not running)
 */
export async function startExec(
  context: ContainerContext,
  execId: string,
  options: StartExecOptions,
): Promise<TaskStdio | undefined> {
  const exec = context.execs.get(execId)
  checkFresh(exec)
  const record = context.table.find(exec.containerId)
  if (!record) throw noSuchContainer(exec.containerId)
  const task = checkActive(record) && context.tasks.get(record.id)
  if (!task) throw notRunning(record.id)
  context.execs.setState(execId, { status: 'starting' })
  announce(context, record, {
    action: `exec_start: ${exec.request.args.join(' ')}`,
    execID: execId,
  })
  try {
    const process = await spawn(context, { record, task, exec, options })
    context.execs.setProcess(execId, process)
    context.execs.setState(execId, { status: 'running', pid: process.pid })
    const settled = settle(context, record, { exec, process })
    if (!process.stdio) return undefined
    return endingAfter(chosenStreams(process.stdio, exec.request, options), settled)
  } catch (error) {
    context.execs.setState(execId, { status: 'exited', code: failureCode(error, 126) })
    throw error
  }
}

export async function resizeExec(
  context: ContainerContext,
  execId: string,
  size: TerminalSize,
): Promise<void> {
  const exec = context.execs.get(execId)
  const process = context.execs.process(execId)
  if (!process) {
    throw new EngineError('conflict', `exec process is not started: ${exec.id}`)
  }
  await process.resize(size)
}

interface SpawnOptions {
  readonly record: ContainerRecord
  readonly task: Task
  readonly exec: ExecRecord
  readonly options: StartExecOptions
}

async function spawn(context: ContainerContext, work: SpawnOptions): Promise<ExecProcess> {
  const { record, task, exec, options } = work
  const { request } = exec
  const { rootfs } = containerPaths(context, record.id)
  const user = request.user === '' ? record.spec.user : request.user
  const resolved = resolveUser({ rootfs, user, groupAdd: record.spec.host.groupAdd })
  const isTerminal = request.isTty
  const inherited = processEnv(record, resolved.home, isTerminal)
  const consoleSize = options.consoleSize ?? request.consoleSize
  return await task.exec({
    execId: exec.id,
    args: request.args,
    env: withVariables(inherited, request.env),
    cwd: request.workingDir !== '' ? request.workingDir : record.spec.workingDir || '/',
    user: resolved.user,
    isTerminal,
    hasStdin: request.attachStdin && !options.isDetached,
    isDetached: options.isDetached,
    isPrivileged: request.isPrivileged,
    ...(consoleSize === undefined ? {} : { consoleSize }),
  })
}

function withVariables(inherited: readonly string[], own: readonly string[]): readonly string[] {
  const entries = new Map([...inherited, ...own].map((entry) => [envName(entry), entry]))
  return [...entries.values()]
}

async function settle(
  context: ContainerContext,
  record: ContainerRecord,
  { exec, process }: { readonly exec: ExecRecord; readonly process: ExecProcess },
): Promise<void> {
  const { code } = await process.exited
  context.execs.setState(exec.id, { status: 'exited', code, pid: process.pid })
  announce(context, record, { action: 'exec_die', execID: exec.id, exitCode: String(code) })
}

/** Clients ask for the exit code as soon as the output ends, so that it ends once the code is known. */
function endingAfter(stdio: TaskStdio, settled: Promise<void>): TaskStdio {
  async function* output(): AsyncGenerator<Uint8Array> {
    yield* stdio.output
    await settled
  }
  return {
    output: output(),
    write: (chunk) => stdio.write(chunk),
    closeStdin: () => stdio.closeStdin(),
    [Symbol.asyncDispose]: () => stdio[Symbol.asyncDispose](),
  }
}

function chosenStreams(
  stdio: TaskStdio,
  request: CreateExecRequest,
  options: StartExecOptions,
): TaskStdio {
  const isRaw = request.isTty || options.isTty
  if (isRaw || (request.attachStdout && request.attachStderr)) return stdio
  const choice = { stdout: request.attachStdout, stderr: request.attachStderr }
  return {
    output: filterFrames(stdio.output, choice),
    write: (chunk) => stdio.write(chunk),
    closeStdin: () => stdio.closeStdin(),
    [Symbol.asyncDispose]: () => stdio[Symbol.asyncDispose](),
  }
}

function checkFresh(exec: ExecRecord): void {
  switch (exec.state.status) {
    case 'created':
      return
    case 'starting':
    case 'running':
      throw new EngineError('conflict', `Error: Exec command ${exec.id} is already running`)
    case 'exited':
      throw new EngineError('conflict', `Error: Exec command ${exec.id} has already run`)
  }
}

function checkActive(record: ContainerRecord): true {
  if (record.state.status === 'paused') {
    throw new EngineError(
      'conflict',
      `Container ${record.id} is paused, unpause the container before exec`,
    )
  }
  if (record.state.status === 'restarting') {
    throw new EngineError(
      'conflict',
      `Container ${record.id} is restarting, wait until the container is running`,
    )
  }
  if (record.state.status !== 'running') throw notRunning(record.id)
  return true
}

export function notRunning(id: string): EngineError {
  return new EngineError('conflict', `container ${id} is not running`)
}
