import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { EngineError } from '#base/errors.ts'
import type { Output } from '#cli/output.ts'
import { parseHost } from '#client/host.ts'

const logPath = '/var/log/gantryd.log'
const patienceMs = 30_000
const retryMs = 25

/**
 * Starts `gantryd` in the background and waits until its socket takes connections.
 * Says so once on stderr.
 * @throws EngineError unavailable when it cannot be found, ends, or does not answer in time
 */
export async function startEngine(host: string, output: Output): Promise<void> {
  const program = findProgram('gantryd')
  if (program === undefined) {
    throw new EngineError(
      'unavailable',
      `Cannot connect to the Gantry daemon at ${host}. Is the gantryd daemon running?`,
      { hint: 'gantryd was found neither beside gantry nor in PATH' },
    )
  }
  const log = openSync(logPath, 'a', 0o640)
  const child = spawn(program, [], { detached: true, stdio: ['ignore', log, log], cwd: '/' })
  closeSync(log)
  child.unref()
  let ended: string | undefined
  child.on('error', (error) => (ended = error.message))
  child.on('exit', (code, signal) => (ended = `it ended with ${signal ?? `code ${code}`}`))
  await waitForSocket(host, () => ended)
  output.writeError(`Started the Gantry engine (${program}, pid ${child.pid}, log in ${logPath})\n`)
}

async function waitForSocket(host: string, whyEnded: () => string | undefined): Promise<void> {
  const endpoint = parseHost(host)
  const path = endpoint.type === 'unix' ? endpoint.path : ''
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await pause(retryMs)) {
    if (await takesConnections(path)) return
    // Two commands may start the engine at once: the second one ends, and the first one answers.
    const reason = whyEnded()
    if (reason !== undefined && !existsSync(path)) {
      throw new EngineError('unavailable', `start gantryd: ${reason}`, { hint: `see ${logPath}` })
    }
  }
  throw new EngineError('unavailable', `start gantryd: no answer at ${host}`, {
    hint: `see ${logPath}`,
  })
}

function takesConnections(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Beside this executable first, then in PATH. */
function findProgram(name: string): string | undefined {
  const folders = [dirname(process.execPath), ...(process.env['PATH'] ?? '').split(delimiter)]
  return folders.map((folder) => `${folder}/${name}`).find((path) => existsSync(path))
}
