import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { errnoOf } from '#base/errors.ts'
import { isOwnerAlive, ownerMark } from '#test/support/owner.ts'

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

/** A slot that nothing on the machine is named after and no living test process has taken. */
function freeSlot(): number {
  for (let tries = 0; tries < slots; tries++) {
    const slot = (process.pid * 16 + taken++) % slots
    const name = slot.toString(16).padStart(4, '0')
    if (!isInUse(`gt${name}`) && takeSlot(`/tmp/gt-slot-${name}`)) return slot
  }
  throw new Error('no free address pool for a test engine: remove stray gtXXXX bridges')
}

function isInUse(name: string): boolean {
  return existsSync(`/sys/class/net/${name}`) || globSync(`/sys/fs/cgroup/{,*/}${name}`).length > 0
}

const slotFiles: string[] = []
process.once('exit', () => {
  for (const path of slotFiles) rmSync(path, { force: true })
})

/** The file is the claim: made by one process only, gone with it. */
function takeSlot(path: string): boolean {
  try {
    writeFileSync(path, ownerMark(), { flag: 'wx' })
    slotFiles.push(path)
    return true
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error
    if (isAbandoned(path)) rmSync(path, { force: true })
    return false
  }
}

/** Gives back the slots of test processes that were killed. */
export function sweepSlots(): void {
  for (const path of globSync('/tmp/gt-slot-*')) {
    if (isAbandoned(path)) rmSync(path, { force: true })
  }
}

function isAbandoned(path: string): boolean {
  try {
    return !isOwnerAlive(readFileSync(path, 'utf8'))
  } catch {
    // Given back this moment.
    return false
  }
}
