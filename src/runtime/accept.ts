/**
 * Makes sure that an attachment counts before the program runs. connect(2) to a
 * busy listener succeeds before conmon has accepted, and conmon accepts one
 * connection for each turn of its loop: it could read output in between.
 */
import { readdirSync, readlinkSync } from 'node:fs'
import { sleep } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'

const patienceMs = 5000

/** Runs `connect`, then waits until conmon holds a socket that it did not hold before. One at a time. */
export function createAcceptance(conmonPid: number) {
  let turn: Promise<unknown> = Promise.resolve()
  return <T extends AsyncDisposable>(connect: () => T): Promise<T> => {
    const accepted = turn.then(async () => {
      const before = socketsOf(conmonPid)
      const connection = connect()
      try {
        await waitForSocket(conmonPid, before)
      } catch (error) {
        await connection[Symbol.asyncDispose]()
        throw error
      }
      return connection
    })
    turn = accepted.catch(() => undefined)
    return accepted
  }
}

async function waitForSocket(pid: number, before: ReadonlySet<string>): Promise<void> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const held = socketsOf(pid)
    // None at all: conmon is gone, and so is what there was to miss.
    if (held.size === 0 || !held.isSubsetOf(before)) return
    if (performance.now() > deadline) {
      throw new EngineError('unavailable', 'attach to container: conmon does not answer')
    }
    await sleep(1)
  }
}

/** By inode, `socket:[4711]`: what conmon closes meanwhile must not hide what it accepts. */
function socketsOf(pid: number): Set<string> {
  const sockets = new Set<string>()
  for (const fd of descriptorsOf(pid)) {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${fd}`)
      if (target.startsWith('socket:')) sockets.add(target)
    } catch {
      // Closed this moment.
    }
  }
  return sockets
}

function descriptorsOf(pid: number): readonly string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`)
  } catch {
    return []
  }
}
