/** What the machine's own name files contribute to a container's. Reads them; `files.ts` words the result. */
import { existsSync, readFileSync } from 'node:fs'
import { errnoOf } from '#base/errors.ts'
import {
  type HostsOptions,
  hostsFile,
  isResolvedStub,
  resolvConf,
  resolvedConfPath,
} from '#network/files.ts'

/**
 * /etc/hosts: the machine's own lines come first in its network, Docker's defaults elsewhere.
 * Every sandbox has ::1 where the kernel knows IPv6, whatever its network.
 * @throws EngineError invalid_argument for an extra host that is not `name:address`
 */
export function hostsText(
  options: Omit<HostsOptions, 'base' | 'hasIpv6'> & { readonly isHost: boolean },
): string {
  const { isHost, ...own } = options
  return hostsFile({
    ...own,
    hasIpv6: existsSync('/proc/net/if_inet6'),
    ...(isHost && { base: readOptional('/etc/hosts') }),
  })
}

export interface ResolverOptions {
  readonly servers: readonly string[]
  readonly search: readonly string[]
  readonly options: readonly string[]
  /** In the machine's network its loopback resolvers answer, elsewhere they do not. */
  readonly isHost: boolean
}

/** /etc/resolv.conf: the servers asked for, else those of the machine. */
export function resolverText({ isHost, ...asked }: ResolverOptions): string {
  const hostText = readOptional('/etc/resolv.conf')
  const isStub = !isHost && isResolvedStub(hostText)
  return resolvConf({
    ...asked,
    hostText: isStub ? readOptional(resolvedConfPath) : hostText,
    keepsLoopback: isHost,
  })
}

function readOptional(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return ''
    throw error
  }
}
