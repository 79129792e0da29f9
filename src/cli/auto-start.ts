import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
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
  let ended: Ended | undefined
  child.on('error', ({ message }) => (ended = { reason: message, isHopeless: true }))
  child.on('exit', (code, signal) => {
    const reason = `it ended with ${signal ?? `code ${code}`}`
    ended = { reason, isHopeless: code !== otherEngineExitCode }
  })
  await waitForSocket(host, () => ended)
  // Of commands that started it at once, the one speaks whose engine won.
  if (child.pid === undefined || !listensAt(child.pid, socketPath(host))) return
  output.writeError(`Started the Gantry engine (${program}, pid ${child.pid}, log in ${logPath})\n`)
}

function socketPath(host: string): string {
  const endpoint = parseHost(host)
  return endpoint.type === 'unix' ? endpoint.path : ''
}

/** True when the process holds the socket that connections to `path` reach. */
function listensAt(pid: number, path: string): boolean {
  const line = readFileSync('/proc/net/unix', 'utf8')
    .split('\n')
    .find((text) => text.endsWith(` ${path}`) && text.split(/\s+/)[3] === listeningFlag)
  const inode = line?.split(/\s+/)[6]
  const folder = `/proc/${pid}/fd`
  try {
    return readdirSync(folder).some((fd) => linkOf(`${folder}/${fd}`) === `socket:[${inode}]`)
  } catch {
    // It ended: it was not the one.
    return false
  }
}

/** `__SO_ACCEPTCON` in the kernel's table of sockets. */
const listeningFlag = '00010000'

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

/** gantryd's answer when another engine has its places: that one will answer. */
const otherEngineExitCode = 75

interface Ended {
  readonly reason: string
  readonly isHopeless: boolean
}

async function waitForSocket(host: string, whyEnded: () => Ended | undefined): Promise<void> {
  const path = socketPath(host)
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await pause(retryMs)) {
    if (await takesConnections(path)) return
    const ended = whyEnded()
    if (ended?.isHopeless) {
      const message = `start gantryd: ${ended.reason}`
      throw new EngineError('unavailable', message, { hint: `see ${logPath}` })
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
