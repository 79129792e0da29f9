/** What openings below the engine need, derived from its configuration. Pure. */
import { createHash } from 'node:crypto'
import type { StepDefaults } from '#build/ops/machine.ts'
import type { ContainerDefaults } from '#container/context.ts'
import type { EngineConfig } from '#engine/types.ts'
import type { NetworksOptions } from '#network/types.ts'

/** Docker's own name for the default network, whatever its bridge is called. */
const defaultNetwork = 'bridge'

export function networksOptions(config: EngineConfig): NetworksOptions {
  return {
    execRoot: config.execRoot,
    bridge: config.bridge,
    addressPools: config.addressPools,
    tableName: tableName(config),
    mtu: config.mtu,
    hasIpForward: config.ipForward,
    hasIpMasquerade: config.ipMasquerade,
    ...(config.bip === undefined ? {} : { bridgeAddress: config.bip }),
    ...(config.ip === undefined ? {} : { defaultHostAddress: config.ip }),
  }
}

/** One nftables table per exec root, so that engines side by side never meet. */
function tableName({ execRoot }: EngineConfig): string {
  if (execRoot === '/run/gantry') return 'gantry'
  const digest = createHash('sha256').update(execRoot).digest('hex')
  return `gantry_${digest.slice(0, 10)}`
}

export function containerDefaults(config: EngineConfig): ContainerDefaults {
  return {
    cgroupParent: config.cgroupParent,
    dns: config.dns,
    dnsSearch: config.dnsSearch,
    dnsOptions: config.dnsOptions,
    ...(config.bridge === 'none' ? {} : { defaultNetwork }),
    ...(config.initPath === undefined ? {} : { initPath: config.initPath }),
    ...(config.seccompProfile === undefined ? {} : { seccompProfile: config.seccompProfile }),
  }
}

/** What RUN steps of a build get. */
export function builderDefaults(config: EngineConfig): StepDefaults {
  return {
    cgroupParent: config.cgroupParent,
    dns: config.dns,
    dnsSearch: config.dnsSearch,
    dnsOptions: config.dnsOptions,
    ...(config.bridge === 'none' ? {} : { network: defaultNetwork }),
    ...(config.seccompProfile === undefined ? {} : { seccompProfile: config.seccompProfile }),
  }
}
