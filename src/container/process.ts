import { shortId } from '#base/ids.ts'
import { envName } from '#container/merge.ts'
import type { ContainerRecord } from '#container/types.ts'

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * The environment of a container's processes, the first one and execs: Docker's own variables,
 * the container's in their place or behind them, and HOME. A name without `=` takes the variable away.
 */
export function processEnv(
  record: ContainerRecord,
  home: string,
  isTerminal: boolean,
): readonly string[] {
  const own = [
    `PATH=${defaultPath}`,
    `HOSTNAME=${hostnameOf(record)}`,
    ...(isTerminal ? ['TERM=xterm'] : []),
  ]
  const entries = new Map(own.map((entry) => [envName(entry), entry]))
  for (const entry of record.spec.env) {
    if (entry.includes('=')) entries.set(envName(entry), entry)
    else entries.delete(entry)
  }
  if (!entries.has('HOME')) entries.set('HOME', `HOME=${home}`)
  return [...entries.values()]
}

/** What the container calls itself: the short id unless it was given a name. */
export function hostnameOf(record: ContainerRecord): string {
  const { hostname } = record.spec
  return hostname === undefined || hostname === '' ? shortId(record.id) : hostname
}
