import { shortId } from '#base/ids.ts'
import { envName } from '#container/merge.ts'
import type { ContainerRecord } from '#container/types.ts'

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * The environment of a container's processes, the first one and execs: Docker's
 * own variables, unless the container sets them, then the container's.
 */
export function processEnv(
  record: ContainerRecord,
  home: string,
  isTerminal: boolean,
): readonly string[] {
  const { spec } = record
  const given = spec.env.filter((entry) => entry.includes('='))
  const names = new Set(given.map(envName))
  const own = [
    `PATH=${defaultPath}`,
    `HOSTNAME=${hostnameOf(record)}`,
    ...(isTerminal ? ['TERM=xterm'] : []),
    `HOME=${home}`,
  ]
  return [...own.filter((entry) => !names.has(envName(entry))), ...given]
}

/** What the container calls itself: the short id unless it was given a name. */
export function hostnameOf(record: ContainerRecord): string {
  const { hostname } = record.spec
  return hostname === undefined || hostname === '' ? shortId(record.id) : hostname
}
