import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { EngineError } from '#base/errors.ts'
import type { Endpoint } from '#client/host.ts'

/**
 * Makes `ssh://[user@]host[:port]` reachable: a socket in a private directory,
 * each of whose connections is one `ssh … gantry system dial-stdio`, half-close included.
 * It lasts as long as this process.
 */
export async function openSshTunnel(host: string): Promise<Endpoint> {
  const args = sshArguments(host)
  const directory = mkdtempSync(`${tmpdir()}/gantry-ssh-`)
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  const path = `${directory}/engine.sock`
  const server = createServer({ allowHalfOpen: true }, (socket) => relay(socket, args))
  server.unref()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  return { type: 'unix', path }
}

function relay(socket: Socket, args: readonly string[]): void {
  const child = spawn('ssh', args, { stdio: ['pipe', 'pipe', 'inherit'] })
  child.on('error', () => socket.destroy())
  child.stdin.on('error', () => undefined)
  socket.on('error', () => child.kill())
  socket.on('close', () => child.kill())
  socket.pipe(child.stdin)
  child.stdout.pipe(socket)
}

/** @throws EngineError invalid_argument for a host text that could be read as an option of ssh */
export function sshArguments(host: string): readonly string[] {
  const match = /^ssh:\/\/(?:([^@/:]+)@)?([^@/:[\]]+|\[[0-9a-fA-F:.]+\])(?::(\d+))?\/?$/.exec(host)
  const [, user, name = '', port] = match ?? []
  if (!match || name.startsWith('-') || user?.startsWith('-')) {
    throw new EngineError('invalid_argument', `unable to parse docker host "${host}"`)
  }
  return [
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', port]),
    '-o',
    'ConnectTimeout=30',
    '-T',
    '--',
    name.replace(/^\[|\]$/g, ''),
    'gantry',
    'system',
    'dial-stdio',
  ]
}
