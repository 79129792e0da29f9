/** The generated files of a container's network: /etc/hosts, /etc/hostname, /etc/resolv.conf. */
import { readFile, writeFile } from 'node:fs/promises'
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

/** Written anew at each start: addresses change. A shared sandbox brings its owner's files. */
export async function writeNetworkFiles(
  context: ContainerContext,
  record: ContainerRecord,
  sandbox: ConnectedSandbox,
): Promise<void> {
  if (sandbox.sharedWith) return
  const paths = containerPaths(context, record.id)
  const { spec } = record
  const isHost = spec.host.networkMode.type === 'host'
  const [hosts, resolver] = await Promise.all([
    hostsText(record, sandbox, isHost),
    resolverText(context, record, isHost),
  ])
  const hostname = isHost && (spec.hostname ?? '') === '' ? machineName() : hostnameOf(record)
  await Promise.all([
    writeFile(paths.hosts, hosts),
    writeFile(paths.hostname, hostnameFile(hostname)),
    writeFile(paths.resolvConf, resolver),
  ])
}

async function hostsText(
  record: ContainerRecord,
  { endpoints }: ConnectedSandbox,
  isHost: boolean,
): Promise<string> {
  const { spec } = record
  const base = isHost ? await readOptional('/etc/hosts') : undefined
  return hostsFile({
    hostname: hostnameOf(record),
    addresses: endpoints.map(({ ipv4Address }) => ipv4Address),
    extraHosts: spec.host.extraHosts,
    ...(base === undefined ? {} : { base }),
    ...(spec.domainname === undefined ? {} : { domainname: spec.domainname }),
    ...(endpoints[0] === undefined ? {} : { hostGateway: endpoints[0].gateway }),
  })
}

/** The container's own servers, else the engine's, else the machine's. */
async function resolverText(
  { defaults }: ContainerContext,
  { spec: { host } }: ContainerRecord,
  isHost: boolean,
): Promise<string> {
  const hostText = await readOptional('/etc/resolv.conf')
  const isStub = !isHost && isResolvedStub(hostText)
  return resolvConf({
    hostText: isStub ? await readOptional(resolvedConfPath) : hostText,
    servers: host.dns.length > 0 ? host.dns : defaults.dns,
    search: host.dnsSearch.length > 0 ? host.dnsSearch : defaults.dnsSearch,
    options: host.dnsOptions.length > 0 ? host.dnsOptions : defaults.dnsOptions,
    keepsLoopback: isHost,
  })
}

async function readOptional(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return ''
    throw error
  }
}
