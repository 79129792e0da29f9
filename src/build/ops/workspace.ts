/** The mounts and files of one running step; everything goes when it is disposed of. */
import { mkdirSync, rmSync } from 'node:fs'
import { randomId } from '#base/ids.ts'
import { undoing } from '#base/undo.ts'
import { branded } from '#base/brand.ts'
import { errorKind } from '#base/errors.ts'
import type { BuildMachine } from '#build/ops/machine.ts'
import { type BuildResult, type SnapshotResult, topOf } from '#build/ops/result.ts'
import { mountSnapshot, unmountSnapshot } from '#store/mounts.ts'
import type { Mount, SnapshotKey } from '#store/types.ts'

/** Begins the keys of steps' snapshots: left-overs of a crash are found by it. */
export const stepPrefix = 'build-'

export interface Workspace {
  [Symbol.asyncDispose](): Promise<void>
  /** Names the step's container, sandbox and snapshots. */
  readonly id: string
  readonly directory: string
  /** An undo step; failures are logged. */
  defer(what: string, step: () => void | Promise<void>): void
  /** A fresh directory of that name. */
  makeDirectory(name: string, mode?: number): string
  mount(mount: Mount, name: string): string
  /** A path at which the result's files can be read. */
  open(result: BuildResult): Promise<string>
  /** A writable snapshot over the result, not mounted yet. */
  prepare(result: SnapshotResult): Promise<WritableSnapshot>
}

export interface WritableSnapshot {
  readonly key: SnapshotKey
  readonly mount: Mount
}

export function openWorkspace(machine: BuildMachine): Workspace {
  const id = `${stepPrefix}${randomId().slice(0, 24)}`
  const directory = `${machine.workRoot}/${id}`
  const undo = new AsyncDisposableStack()
  const defer = (what: string, step: () => void | Promise<void>) =>
    undo.defer(undoing(machine.log, what, step))
  const { snapshots } = machine.stores
  let count = 0
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  defer('remove step directory', () => rmSync(directory, { recursive: true, force: true }))
  const makeDirectory = (name: string, mode = 0o700) => {
    const path = `${directory}/${name}`
    mkdirSync(path, { mode })
    return path
  }
  const mount = (wanted: Mount, name: string) => {
    const target = makeDirectory(name)
    mountSnapshot(wanted, target)
    defer('unmount', () => unmountSnapshot(target))
    return target
  }
  const take = (key: SnapshotKey) =>
    defer('remove snapshot', () => dropSnapshot(() => snapshots.remove(key)))
  const nextKey = () => branded<SnapshotKey>(`${id}-${++count}`)
  return {
    id,
    directory,
    defer,
    makeDirectory,
    mount,
    async open(result) {
      if (result.kind === 'context') return result.path
      const top = topOf(result)
      if (top === undefined) return makeDirectory(`empty-${++count}`)
      const key = nextKey()
      const view = await snapshots.view(key, top)
      take(key)
      // A single layer needs no mount: its directory is the whole of it.
      return view.type === 'bind' ? view.source : mount(view, key)
    },
    async prepare(result) {
      const key = nextKey()
      const prepared = await snapshots.prepare(key, topOf(result), { isVolatile: true })
      take(key)
      return { key, mount: prepared }
    },
    [Symbol.asyncDispose]: () => undo.disposeAsync(),
  }
}

/** A committed snapshot has no key any more. */
async function dropSnapshot(remove: () => Promise<void>): Promise<void> {
  try {
    await remove()
  } catch (error) {
    if (errorKind(error) !== 'not_found') throw error
  }
}
