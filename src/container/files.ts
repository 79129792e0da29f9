/** The generated files of a container's network: /etc/hosts, /etc/hostname, /etc/resolv.conf. */
import { readFile, writeFile } from 'node:fs/promises'
import { hostname as machineName } from 'node:os'
import type { ContainerContext } from '#container/context.ts'
import { containerPaths } from '#container/paths.ts'
import type { ConnectedSandbox } from '#container/sandbox.ts'
import { hostnameOf } from '#container/spec.ts'
import type { ContainerRecord } from '#container/types.ts'
import { hostsFile, resolvConf } from '#network/files.ts'

/** Written anew at each start: addresses change. A shared sandbox brings its owner's files. */
export async function writeNetworkFiles(
  context: ContainerContext,
  record: ContainerRecord,
  sandbox: ConnectedSandbox,
): Promise<void> {
  if (sandbox.sharedWith) return
  const paths = containerPaths(context, record.id)
  const isHost = record.spec.host.networkMode.type === 'host'
  const [hosts, resolver] = await Promise.all([
    isHost ? readFile('/etc/hosts', 'utf8') : containerHosts(record, sandbox),
    containerResolver(context, record, isHost),
  ])
  const name = isHost && !record.spec.hostname ? machineName() : hostnameOf(record)
  await Promise.all([
    writeFile(paths.hosts, hosts, { mode: 0o644 }),
    writeFile(paths.hostname, `${name}\n`, { mode: 0o644 }),
    writeFile(paths.resolvConf, resolver, { mode: 0o644 }),
  ])
}

function containerHosts(record: ContainerRecord, { endpoints }: ConnectedSandbox): string {
  const { domainname, host } = record.spec
  return hostsFile({
    hostname: hostnameOf(record),
    addresses: endpoints.map(({ ipv4Address }) => ipv4Address),
    extraHosts: host.extraHosts,
    ...(domainname === undefined || domainname === '' ? {} : { domainname }),
    ...(endpoints[0] === undefined ? {} : { hostGateway: endpoints[0].gateway }),
  })
}

/** The container's own servers, else the engine's, else the machine's. */
async function containerResolver(
  { defaults }: ContainerContext,
  { spec: { host } }: ContainerRecord,
  isHost: boolean,
): Promise<string> {
  const hostText = await readFile('/etc/resolv.conf', 'utf8').catch(() => '')
  return resolvConf({
    hostText,
    isHostNetwork: isHost,
    servers: host.dns.length > 0 ? host.dns : defaults.dns,
    search: host.dnsSearch.length > 0 ? host.dnsSearch : defaults.dnsSearch,
    options: host.dnsOptions.length > 0 ? host.dnsOptions : defaults.dnsOptions,
  })
}
