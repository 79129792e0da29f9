/** Engines of test processes that were killed: the next test run removes what they left. */
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeIdentity, sweepSlots, type EngineIdentity } from '#test/support/identity.ts'
import { sweep } from '#test/support/leaks.ts'
import { isOwnerAlive, ownerMark } from '#test/support/owner.ts'

interface Owned {
  readonly identity: EngineIdentity
  readonly owner: string
}

const fileName = 'owner.json'
let swept: Promise<void> | undefined

/** A new identity that the next test run sweeps when this process is killed. */
export async function claimIdentity(): Promise<EngineIdentity> {
  await sweepAbandoned()
  const identity = makeIdentity()
  claim(identity)
  return identity
}

/** Says to whom the engine's root belongs. */
export function claim(identity: EngineIdentity): void {
  const owned: Owned = { identity, owner: ownerMark() }
  writeFileSync(`${identity.root}/${fileName}`, JSON.stringify(owned))
}

/** Once for each test process. */
export function sweepAbandoned(): Promise<void> {
  return (swept ??= sweepAll())
}

async function sweepAll(): Promise<void> {
  sweepSlots()
  for (const path of globSync(`/tmp/g-*/${fileName}`)) {
    const owned = readOwned(path)
    if (owned?.identity.root !== dirname(path) || isOwnerAlive(owned.owner)) continue
    await sweep(owned.identity)
  }
}

/** Another process may have swept it, or be writing it, this moment. */
function readOwned(path: string): Owned | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}
