import { createHash } from 'node:crypto'
import { existsSync, mkdtempSync } from 'node:fs'

/**
 * Everything by which one test's engine is told from the others on this
 * machine: parallel test files never meet, and leaks are looked for by these names only.
 */
export interface EngineIdentity {
  /** Short, so that sockets below it fit into 108 bytes: `/tmp/g-XXXXXX`. */
  readonly root: string
  readonly dataRoot: string
  readonly execRoot: string
  readonly socketPath: string
  /** `gt` and four hex digits. */
  readonly bridge: string
  /** 4,096 test engines share 10.0.0.0/8: each has a /20 of its own. */
  readonly addressPool: string
  /** Name of its nftables table, which the engine derives from its exec root. */
  readonly table: string
  /** Without slash; below it lie the cgroups of the containers. */
  readonly cgroupParent: string
}

const slots = 4096
let taken = 0

export function makeIdentity(): EngineIdentity {
  const slot = freeSlot()
  const root = mkdtempSync('/tmp/g-')
  const name = `gt${slot.toString(16).padStart(4, '0')}`
  return {
    root,
    dataRoot: `${root}/data`,
    execRoot: `${root}/exec`,
    socketPath: `${root}/gantry.sock`,
    bridge: name,
    addressPool: `10.${slot >> 4}.${(slot & 15) << 4}.0/20`,
    table: `gantry_${createHash('sha256').update(`${root}/exec`).digest('hex').slice(0, 10)}`,
    cgroupParent: name,
  }
}

/** Test processes that run at the same time have different process ids; each may take 16 slots. */
function freeSlot(): number {
  for (let tries = 0; tries < slots; tries++) {
    const slot = (process.pid * 16 + taken++) % slots
    if (!existsSync(`/sys/class/net/gt${slot.toString(16).padStart(4, '0')}`)) return slot
  }
  throw new Error('no free address pool for a test engine: remove stray gtXXXX bridges')
}
