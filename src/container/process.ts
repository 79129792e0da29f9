/** What the init process and execs have in common: environment and user. */
import { shortId } from '#base/ids.ts'
import { envName } from '#container/merge.ts'
import type { ContainerRecord } from '#container/types.ts'
import type { ExecUser } from '#runtime/types.ts'
import { resolveUser } from '#runtime/user.ts'

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Docker's own variables first; the container's replace them and follow. */
export function processEnv(
  record: ContainerRecord,
  home: string,
  isTerminal: boolean,
): readonly string[] {
  const { spec } = record
  const given = spec.env.filter((entry) => entry.includes('='))
  const names = new Set(given.map(envName))
  const hostname =
    spec.hostname === undefined || spec.hostname === '' ? shortId(record.id) : spec.hostname
  const own = [
    `PATH=${defaultPath}`,
    `HOSTNAME=${hostname}`,
    ...(isTerminal ? ['TERM=xterm'] : []),
    `HOME=${home}`,
  ]
  return [...own.filter((entry) => !names.has(envName(entry))), ...given]
}

export interface ProcessUser {
  readonly user: ExecUser
  readonly home: string
}

/**
 * A user text (`name`, `uid`, `user:group`) by the container's own passwd and
 * group files; `groupAdd` names additional groups.
 * @throws EngineError invalid_argument "unable to find user x: no matching entries in passwd file"
 */
export async function resolveProcessUser(
  rootfs: string,
  user: string,
  groupAdd: readonly string[],
): Promise<ProcessUser> {
  return await resolveUser({ rootfs, user, groupAdd })
}
