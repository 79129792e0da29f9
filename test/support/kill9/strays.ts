/** What the kernel and the folders hold, against what the engine's records say should be there. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '#test/support/commands.ts'
import type { TestEngine } from '#test/support/engine.ts'
import { bridgePorts, cgroupsOf, mountsBelow, processesOf } from '#test/support/leaks.ts'

/** Container ids by the thing that holds something for them. */
export type Holdings = Readonly<Record<string, readonly string[]>>

/** Both views side by side; equal when no stray is there and nothing is missing. */
export async function compareHoldings(
  engine: TestEngine,
): Promise<{ readonly found: Holdings; readonly recorded: Holdings }> {
  const [found, recorded] = [await foundHoldings(engine), await recordedHoldings(engine)]
  return { found, recorded }
}

async function recordedHoldings({ client }: TestEngine): Promise<Holdings> {
  const containers = await client.containers.list({ all: true })
  const all = containers.map(({ Id }) => Id).toSorted()
  const alive = containers
    .filter(({ State }) => State === 'running' || State === 'paused')
    .map(({ Id }) => Id)
    .toSorted()
  const ports = containers.flatMap(({ Ports }) =>
    (Ports ?? []).flatMap(({ PublicPort }) => (PublicPort === undefined ? [] : [`${PublicPort}`])),
  )
  return {
    directories: all,
    bundles: alive,
    runtimeStates: alive,
    rootfs: alive,
    rootfsMounts: alive,
    namespaces: alive,
    namespaceMounts: alive,
    conmons: alive,
    cgroups: alive,
    snapshots: all.map(() => 'one'),
    links: alive.map(() => 'one'),
    ports: [...new Set(ports)].toSorted(),
  }
}

async function foundHoldings({ identity }: TestEngine): Promise<Holdings> {
  const { dataRoot, execRoot, table } = identity
  const mounted = (folder: string) =>
    mountsBelow(join(execRoot, folder)).map((path) => path.slice(path.lastIndexOf('/') + 1))
  const conmons = processesOf(identity).flatMap(
    ({ title }) => /conmon .*--cuuid=([0-9a-f]{64})/.exec(title)?.[1] ?? [],
  )
  const cgroups = cgroupsOf(identity.cgroupParent).flatMap(
    (path) => /([0-9a-f]{64})/.exec(path)?.[1] ?? [],
  )
  const snapshots = names(join(dataRoot, 'snapshots')).filter((name) =>
    names(join(dataRoot, 'snapshots', name)).includes('work'),
  )
  const { stdout } = await run('nft', ['list', 'table', 'ip', table])
  const ports = [...stdout.matchAll(/(?:tcp|udp) (?:\. [\d.]+ )?\. (\d+) :/g)].map(
    ([, port]) => port ?? '',
  )
  return {
    directories: names(join(dataRoot, 'containers')),
    bundles: names(join(execRoot, 'containers')),
    runtimeStates: names(join(execRoot, 'oci', 'crun')),
    rootfs: names(join(execRoot, 'rootfs')),
    rootfsMounts: mounted('rootfs').toSorted(),
    namespaces: names(join(execRoot, 'netns')),
    namespaceMounts: mounted('netns').toSorted(),
    conmons: conmons.toSorted(),
    cgroups: [...new Set(cgroups)].toSorted(),
    snapshots: snapshots.map(() => 'one'),
    links: bridgePorts(identity.bridge).map(() => 'one'),
    ports: [...new Set(ports)].toSorted(),
  }
}

/** Sorted names in a folder; none when it is not there. */
function names(directory: string): string[] {
  try {
    return readdirSync(directory)
      .filter((name) => !name.startsWith('.'))
      .toSorted()
  } catch {
    return []
  }
}
