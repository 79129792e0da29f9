import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { EngineError, errnoOf } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'

/**
 * Makes room for a socket: the parent directory, and a stale socket file of an engine that is gone.
 * @throws EngineError conflict when another process listens there or the file is no socket
 */
export async function prepareSocketPath(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (!stat) return
  if (!stat.isSocket()) {
    throw new EngineError('conflict', `listen on unix://${path}: the file exists and is no socket`)
  }
  if (await isAnswered(path)) {
    throw new EngineError('conflict', `listen on unix://${path}: another engine listens there`, {
      hint: 'stop it, or choose another --host',
    })
  }
  unlinkSync(path)
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => settle(true))
    socket.once('error', (error) => settle(errnoOf(error) !== 'ECONNREFUSED'))
    function settle(isLive: boolean): void {
      socket.destroy()
      resolve(isLive)
    }
  })
}

export interface SocketOwner {
  readonly group: string
  readonly isGroupRequired: boolean
}

/**
 * Gives the socket to its group with mode 0660: membership is all a user needs.
 * @throws EngineError not_found when a group that the user named does not exist
 */
export function protectSocket(path: string, owner: SocketOwner, log: Logger): void {
  chmodSync(path, 0o660)
  const groupId = findGroupId(owner.group)
  if (groupId !== undefined) return chownSync(path, 0, groupId)
  const message = `could not change group of ${path} to ${owner.group}: group ${owner.group} not found`
  if (owner.isGroupRequired) {
    throw new EngineError('not_found', message, { hint: `groupadd --system ${owner.group}` })
  }
  log.info({ path, group: owner.group }, 'socket group does not exist: only root may connect')
}

/** A group's id by name or by the number itself. */
export function findGroupId(group: string, groupFile = '/etc/group'): number | undefined {
  if (/^\d+$/.test(group)) return Number(group)
  const line = readFileSync(groupFile, 'utf8')
    .split('\n')
    .find((text) => text.startsWith(`${group}:`))
  const id = Number(line?.split(':')[2])
  return line !== undefined && Number.isInteger(id) ? id : undefined
}
