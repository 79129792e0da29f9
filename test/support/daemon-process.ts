/** One run of `gantryd` as a child process. */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { cacheFolder, projectRoot } from '#test/support/paths.ts'

export interface DaemonProcess {
  readonly pid: number
  /** What it wrote to stderr so far (the last 256 KiB). */
  output(): string
  isRunning(): boolean
  /** Sends the signal and waits for the end. Does nothing when it ended already. */
  end(signalName: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): Promise<void>
}

export interface DaemonOptions {
  readonly args: readonly string[]
  readonly socketPath: string
  readonly env?: Readonly<Record<string, string>>
}

const keptOutputBytes = 256 * 1024
const startTimeoutMs = 30_000

/** Starts the engine and waits until it answers on its socket. Throws with its output when it ends before. */
export async function startDaemon(options: DaemonOptions): Promise<DaemonProcess> {
  const child = spawn(
    process.execPath,
    [join(projectRoot, 'src', 'daemon', 'main.ts'), ...options.args],
    {
      // Compiled code is kept between starts, as the installed engine does.
      env: { NODE_COMPILE_CACHE: cacheFolder('compile'), ...process.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const daemon = watch(child)
  await Promise.race([socketAnswers(options.socketPath, daemon), failedToStart(child, daemon)])
  return daemon
}

function watch(child: ChildProcess): DaemonProcess {
  let output = ''
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-keptOutputBytes)
  }
  child.stdout?.on('data', keep)
  child.stderr?.on('data', keep)
  const isRunning = () => child.exitCode === null && child.signalCode === null
  return {
    pid: child.pid ?? 0,
    output: () => output,
    isRunning,
    async end(signalName) {
      if (!isRunning()) return
      const ended = once(child, 'exit')
      child.kill(signalName)
      await ended
    },
  }
}

async function failedToStart(child: ChildProcess, daemon: DaemonProcess): Promise<never> {
  await once(child, 'exit')
  throw new Error(`the engine ended before it answered:\n${daemon.output()}`)
}

async function socketAnswers(socketPath: string, daemon: DaemonProcess): Promise<void> {
  const deadline = Date.now() + startTimeoutMs
  while (daemon.isRunning()) {
    if (await canConnect(socketPath)) return
    if (Date.now() > deadline) throw new Error(`the engine does not answer:\n${daemon.output()}`)
    await sleep(15)
  }
}

function canConnect(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}
