/** The generated files of a container's network: /etc/hosts, /etc/hostname, /etc/resolv.conf. */
import { writeFileSync } from 'node:fs'
import type { ContainerContext } from '#container/context.ts'
import { containerPaths } from '#container/paths.ts'
import type { ConnectedSandbox } from '#container/sandbox.ts'
import { hostnameOf } from '#container/process.ts'
import type { ContainerRecord } from '#container/types.ts'
import { hostnameFile } from '#network/files.ts'
import { hostsText, resolverText } from '#network/machine-files.ts'

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
  writeFileSync(paths.hosts, hosts(record, sandbox, isHost))
  writeFileSync(paths.hostname, hostnameFile(hostnameOf(record)))
  writeFileSync(paths.resolvConf, resolver(context, record, isHost))
}

function hosts(record: ContainerRecord, { endpoints }: ConnectedSandbox, isHost: boolean): string {
  const { spec } = record
  return hostsText({
    isHost,
    hostname: hostnameOf(record),
    addresses: endpoints.map(({ ipv4Address }) => ipv4Address),
    extraHosts: spec.host.extraHosts,
    ...(spec.domainname === undefined ? {} : { domainname: spec.domainname }),
    ...(endpoints[0] === undefined ? {} : { hostGateway: endpoints[0].gateway }),
  })
}

/** The container's own servers, else the engine's, else the machine's. */
function resolver(
  { defaults }: ContainerContext,
  { spec: { host } }: ContainerRecord,
  isHost: boolean,
): string {
  return resolverText({
    isHost,
    servers: host.dns.length > 0 ? host.dns : defaults.dns,
    search: host.dnsSearch.length > 0 ? host.dnsSearch : defaults.dnsSearch,
    options: host.dnsOptions.length > 0 ? host.dnsOptions : defaults.dnsOptions,
  })
}
