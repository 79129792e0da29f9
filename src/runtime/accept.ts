/**
 * Makes sure that an attachment counts before the program runs. connect(2) to a
 * busy listener succeeds before conmon has accepted, and conmon accepts one
 * connection for each turn of its loop: it could read output in between.
 */
import { readdirSync } from 'node:fs'
import { sleep } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'

const patienceMs = 5000

/** Runs `connect`, then waits until conmon holds one descriptor more. One at a time. */
export function createAcceptance(conmonPid: number) {
  let turn: Promise<unknown> = Promise.resolve()
  return <T extends AsyncDisposable>(connect: () => T): Promise<T> => {
    const accepted = turn.then(async () => {
      const before = countDescriptors(conmonPid)
      const connection = connect()
      try {
        await waitForDescriptor(conmonPid, before)
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

async function waitForDescriptor(pid: number, before: number): Promise<void> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const count = countDescriptors(pid)
    // None at all: conmon is gone, and so is what there was to miss.
    if (count > before || count === 0) return
    if (performance.now() > deadline) {
      throw new EngineError('unavailable', 'attach to container: conmon does not answer')
    }
    await sleep(1)
  }
}

function countDescriptors(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length
  } catch {
    return 0
  }
}
