/** A step's network, and the files that tell it of it: mounted, never a part of the layer. */
import { writeFileSync } from 'node:fs'
import type { ExecOp } from '#build/graph/types.ts'
import type { BuildMachine, BuildSession } from '#build/ops/machine.ts'
import type { Workspace } from '#build/ops/workspace.ts'
import { hostsText, resolverText } from '#network/machine-files.ts'
import type { Endpoint } from '#network/types.ts'
import type { RuntimeMount } from '#oci/runtime-spec.ts'
import type { NamespaceMode } from '#runtime/spec/types.ts'

export interface StepNetwork {
  readonly namespace: NamespaceMode
  readonly mounts: readonly RuntimeMount[]
}

export interface NetworkParts {
  readonly machine: BuildMachine
  readonly session: BuildSession
  readonly workspace: Workspace
}

export async function connectStep(
  parts: NetworkParts,
  mode: ExecOp['network'],
): Promise<StepNetwork> {
  if (mode === 'host') {
    return { namespace: { type: 'host' }, mounts: writeFiles(parts, undefined, true) }
  }
  const { machine, workspace } = parts
  const { network } = machine.defaults
  workspace.defer('remove sandbox', () => machine.networks.removeSandbox(workspace.id))
  const sandbox = await machine.networks.createSandbox(workspace.id)
  const endpoint =
    mode === 'none' || network === undefined
      ? undefined
      : await machine.networks.connect(sandbox, { network, ports: [], aliases: [] })
  const path = sandbox.netnsPath
  return {
    namespace: path === undefined ? { type: 'private' } : { type: 'path', path },
    mounts: writeFiles(parts, endpoint, false),
  }
}

function writeFiles(
  { machine, session, workspace }: NetworkParts,
  endpoint: Endpoint | undefined,
  isHost: boolean,
): readonly RuntimeMount[] {
  const hosts = hostsText({
    isHost,
    hostname: session.hostname,
    addresses: endpoint ? [endpoint.ipv4Address] : [],
    extraHosts: session.limits.extraHosts,
    ...(endpoint && { hostGateway: endpoint.gateway }),
  })
  const { dns, dnsSearch, dnsOptions } = machine.defaults
  const resolver = resolverText({ isHost, servers: dns, search: dnsSearch, options: dnsOptions })
  const files = { hosts, 'resolv.conf': resolver }
  return Object.entries(files).map(([name, text]) => {
    const source = `${workspace.directory}/${name}`
    writeFileSync(source, text, { mode: 0o644 })
    const options = ['rbind', 'rprivate', 'rw']
    return { destination: `/etc/${name}`, type: 'bind', source, options }
  })
}
