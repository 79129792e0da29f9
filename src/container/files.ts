/** The generated files of a container's network: /etc/hosts, /etc/hostname, /etc/resolv.conf. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname as machineName } from 'node:os'
import { errnoOf } from '#base/errors.ts'
import type { ContainerContext } from '#container/context.ts'
import { containerPaths } from '#container/paths.ts'
import type { ConnectedSandbox } from '#container/sandbox.ts'
import { hostnameOf } from '#container/process.ts'
import type { ContainerRecord } from '#container/types.ts'
import {
  hostnameFile,
  hostsFile,
  isResolvedStub,
  resolvConf,
  resolvedConfPath,
} from '#network/files.ts'

/**
 * Written anew at each start: addresses change. A shared sandbox brings its owner's
 * files. Synchronous: a tenth of a millisecond, where a turn through the thread
 * pool takes many when containers start side by side.
 */
export function writeNetworkFiles(
  context: ContainerContext,
  record: ContainerRecord,
  sandbox: ConnectedSandbox,
): void {
  if (sandbox.sharedWith) return
  const paths = containerPaths(context, record.id)
  const { spec } = record
  const isHost = spec.host.networkMode.type === 'host'
  const hostname = isHost && (spec.hostname ?? '') === '' ? machineName() : hostnameOf(record)
  writeFileSync(paths.hosts, hostsText(record, sandbox, isHost))
  writeFileSync(paths.hostname, hostnameFile(hostname))
  writeFileSync(paths.resolvConf, resolverText(context, record, isHost))
}

function hostsText(
  record: ContainerRecord,
  { endpoints }: ConnectedSandbox,
  isHost: boolean,
): string {
  const { spec } = record
  const base = isHost ? readOptional('/etc/hosts') : undefined
  return hostsFile({
    hostname: hostnameOf(record),
    addresses: endpoints.map(({ ipv4Address }) => ipv4Address),
    extraHosts: spec.host.extraHosts,
    // Every sandbox has ::1 where the kernel knows IPv6, whatever its network.
    hasIpv6: existsSync('/proc/net/if_inet6'),
    ...(base === undefined ? {} : { base }),
    ...(spec.domainname === undefined ? {} : { domainname: spec.domainname }),
    ...(endpoints[0] === undefined ? {} : { hostGateway: endpoints[0].gateway }),
  })
}

/** The container's own servers, else the engine's, else the machine's. */
function resolverText(
  { defaults }: ContainerContext,
  { spec: { host } }: ContainerRecord,
  isHost: boolean,
): string {
  const hostText = readOptional('/etc/resolv.conf')
  const isStub = !isHost && isResolvedStub(hostText)
  return resolvConf({
    hostText: isStub ? readOptional(resolvedConfPath) : hostText,
    servers: host.dns.length > 0 ? host.dns : defaults.dns,
    search: host.dnsSearch.length > 0 ? host.dnsSearch : defaults.dnsSearch,
    options: host.dnsOptions.length > 0 ? host.dnsOptions : defaults.dnsOptions,
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
