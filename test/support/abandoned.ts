/** Engines of test processes that were killed: the next test run removes what they left. */
import { globSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { EngineIdentity } from '#test/support/identity.ts'
import { sweep } from '#test/support/leaks.ts'

interface Owned {
  readonly identity: EngineIdentity
  readonly owner: string
  /** Where the owner's pid means something: a process of another namespace cannot tell whether it lives. */
  readonly pidNamespace: string
}

const fileName = 'owner.json'
let swept: Promise<void> | undefined

/** Says to whom the engine's root belongs. */
export function claim(identity: EngineIdentity): void {
  const owned: Owned = { identity, owner: titleOf(process.pid), pidNamespace: pidNamespace() }
  writeFileSync(`${identity.root}/${fileName}`, JSON.stringify(owned))
}

/** Once for each test process. */
export function sweepAbandoned(): Promise<void> {
  return (swept ??= sweepAll())
}

async function sweepAll(): Promise<void> {
  for (const path of globSync(`/tmp/g-*/${fileName}`)) {
    const owned = readOwned(path)
    if (owned?.identity.root !== dirname(path) || owned.pidNamespace !== pidNamespace()) continue
    if (isAlive(owned.owner)) continue
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

function pidNamespace(): string {
  return readlinkSync('/proc/self/ns/pid')
}

function isAlive(owner: string): boolean {
  return titleOf(Number(owner.split(' ')[0])) === owner
}

/** The pid and when it started, for pids are reused; the pid alone when it has ended. */
function titleOf(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return `${pid} ${fields[19]}`
  } catch {
    return String(pid)
  }
}
