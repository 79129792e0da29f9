/** Child processes: started by posix_spawn, watched and reaped through a pidfd. */
import { type OnReadOpts, Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { abortReason } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'
import { closeDescriptor } from '#sys/files.ts'
import { type ExitStatus, openPidfd, reapPidfd, signalPidfd } from '#sys/pidfd.ts'
import { openPipe, tryEnlargePipe } from '#sys/pipe.ts'
import { watchReadable } from '#sys/poller.ts'
import { spawn, type SpawnOptions } from '#sys/spawn.ts'

export interface ChildProcess {
  readonly pid: number
  /** Settles when the process has ended and was reaped. Never rejects. */
  readonly exited: Promise<ExitStatus>
  /** Does nothing once it has ended. */
  signal(signal: number): void
  /** Stops watching a process that goes on by itself: `exited` never settles. */
  release(): void
}

/** @throws EngineError not_found, permission_denied, … when the program cannot be started */
export function startProcess(options: SpawnOptions): ChildProcess {
  const pid = spawn(options)
  // The child stays a zombie until it is reaped here, so the pid cannot be another's.
  const pidfd = openPidfd(pid)
  const watch = watchReadable(pidfd)
  let isHeld = true
  const release = () => {
    if (!isHeld) return
    isHeld = false
    watch[Symbol.dispose]()
    closeDescriptor(pidfd)
  }
  const exited = watch.ready.then(() => {
    const status = reapPidfd(pidfd) ?? { code: 255 }
    release()
    return status
  })
  return {
    pid,
    exited,
    signal(signal) {
      if (isHeld) signalPidfd(pidfd, signal)
    },
    release,
  }
}

export interface RunOptions {
  /** `NAME=value`; a plain PATH when absent. */
  readonly env?: readonly string[]
  readonly input?: string | Uint8Array
  /** Kills it after this long. */
  readonly timeoutMs?: number
  readonly cwd?: string
  readonly signal?: AbortSignal
}

export interface RunResult {
  /** 128 plus the number for a signal. */
  readonly code: number
  readonly stdout: Buffer
  readonly stderr: Buffer
}

export const plainEnvironment: readonly string[] = [
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
]

/**
 * Runs a program to its end. A non-zero exit is a result, not an error.
 * @throws EngineError deadline_exceeded, resource_exhausted (64 MiB of output), the signal's reason, or why it could not be started
 */
export async function runCommand(
  path: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  if (options.signal?.aborted) throw abortReason(options.signal)
  const { child, stdin, stdout, stderr } = startPiped(path, args, options)
  const failure = killWhenDue(child, path, options)
  stdin?.on('error', () => undefined)
  if (options.input !== undefined) stdin?.end(options.input)
  const excess = () =>
    failure.give(new EngineError('resource_exhausted', `run "${path}": it printed too much`))
  const [out, err, status] = await Promise.all([
    collect(stdout, excess),
    collect(stderr, excess),
    child.exited,
  ])
  failure[Symbol.dispose]()
  const reason = failure.reason()
  if (reason) throw reason
  return { code: status.code, stdout: out, stderr: err }
}

function startPiped(path: string, args: readonly string[], options: RunOptions) {
  const out = openOutputPipe()
  const err = openOutputPipe()
  const input = options.input === undefined ? undefined : openPipe()
  const childEnds = [out.writeFd, err.writeFd, ...(input ? [input.readFd] : [])]
  try {
    const child = startProcess({
      path,
      args,
      env: options.env ?? plainEnvironment,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      descriptors: [input?.readFd ?? 'null', out.writeFd, err.writeFd],
    })
    return {
      child,
      stdin: input && new Socket({ fd: input.writeFd, readable: false, writable: true }),
      stdout: openPipeReader(out.readFd),
      stderr: openPipeReader(err.readFd),
    }
  } catch (error) {
    for (const fd of [out.readFd, err.readFd, ...(input ? [input.writeFd] : [])]) {
      closeDescriptor(fd)
    }
    throw error
  } finally {
    for (const fd of childEnds) closeDescriptor(fd)
  }
}

/** The reading end of a pipe as a stream; the stream owns the descriptor. */
export function openPipeReader(fd: number, onread?: OnReadOpts): Socket {
  return new Socket({ fd, readable: true, writable: false, ...(onread ? { onread } : {}) })
}

/** A pipe for a program's output, with a buffer large enough for few wake-ups. */
export function openOutputPipe() {
  const pipe = openPipe()
  tryEnlargePipe(pipe.readFd, 1 << 20)
  return pipe
}

function killWhenDue(child: ChildProcess, path: string, options: RunOptions) {
  const kill = 9
  let reason: Error | undefined
  const give = (why: Error) => {
    reason ??= why
    child.signal(kill)
  }
  const aborted = () => give(abortReason(options.signal as AbortSignal))
  options.signal?.addEventListener('abort', aborted, { once: true })
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(
          () => give(new EngineError('deadline_exceeded', `run "${path}": took too long`)),
          options.timeoutMs,
        )
  return {
    give,
    reason: () => reason,
    [Symbol.dispose]: () => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', aborted)
    },
  }
}

/** What a program that others steer (git and its remote) may make us hold. */
const maxOutputBytes = 64 * 1024 * 1024

async function collect(stream: Readable, onExcess: () => void): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxOutputBytes) onExcess()
    else chunks.push(chunk)
  })
  await new Promise<void>((resolve) => stream.once('close', resolve))
  return Buffer.concat(chunks)
}
