import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from 'node:net'

export interface Daemon {
  readonly pid: number
  /** Ends it with SIGTERM and waits. */
  end(): Promise<void>
}

export interface DaemonOptions {
  readonly program: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly logPath: string
  /** It is up when this accepts a connection. */
  readonly socketPath: string
}

const startTimeoutMs = 30_000

export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const log = openSync(options.logPath, 'w')
  const child = spawn(options.program, options.args, {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...options.env },
  })
  const ended = once(child, 'exit')
  const deadline = Date.now() + startTimeoutMs
  while (!(await canConnect(options.socketPath))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL')
      const tail = readFileSync(options.logPath, 'utf8').slice(-4000)
      throw new Error(`${options.program} did not start:\n${tail}`)
    }
    await sleep(50)
  }
  return {
    pid: child.pid ?? 0,
    async end() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

function canConnect(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}
