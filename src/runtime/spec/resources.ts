/** Limits of a container as the OCI specification writes them. */
import type { RuntimeResources } from '#oci/runtime-spec.ts'
import type { ResourcesInput } from '#runtime/spec/types.ts'

const defaultPeriodUs = 100_000

/** Members that say nothing are left out, so that the kernel's defaults stay. */
export function buildResources(input: ResourcesInput): Omit<RuntimeResources, 'devices'> {
  const memory = buildMemory(input)
  const cpu = buildCpu(input)
  return {
    ...(isEmpty(memory) ? {} : { memory }),
    ...(isEmpty(cpu) ? {} : { cpu }),
    ...(isSet(input.pidsLimit) && input.pidsLimit > 0 ? { pids: { limit: input.pidsLimit } } : {}),
    ...(isSet(input.blkioWeight) ? { blockIO: { weight: input.blkioWeight } } : {}),
  }
}

function buildMemory(input: ResourcesInput): NonNullable<RuntimeResources['memory']> {
  const limit = isSet(input.memoryBytes) ? input.memoryBytes : undefined
  const swap = isSet(input.memorySwapBytes)
    ? input.memorySwapBytes
    : limit === undefined
      ? undefined
      : limit * 2
  return {
    ...(limit === undefined ? {} : { limit }),
    ...(swap === undefined ? {} : { swap }),
    ...(isSet(input.memoryReservationBytes) ? { reservation: input.memoryReservationBytes } : {}),
    ...(input.memorySwappiness === undefined || input.memorySwappiness === -1
      ? {}
      : { swappiness: input.memorySwappiness }),
    ...(input.isOomKillDisabled === true ? { disableOOMKiller: true } : {}),
  }
}

function buildCpu(input: ResourcesInput): NonNullable<RuntimeResources['cpu']> {
  const fromNano = isSet(input.nanoCpus)
    ? { quota: Math.round((input.nanoCpus / 1e9) * defaultPeriodUs), period: defaultPeriodUs }
    : {}
  return {
    ...(isSet(input.cpuShares) ? { shares: input.cpuShares } : {}),
    ...(isSet(input.cpuQuotaUs) ? { quota: input.cpuQuotaUs } : {}),
    ...(isSet(input.cpuPeriodUs) ? { period: input.cpuPeriodUs } : {}),
    ...fromNano,
    ...(isSetText(input.cpusetCpus) ? { cpus: input.cpusetCpus } : {}),
    ...(isSetText(input.cpusetMems) ? { mems: input.cpusetMems } : {}),
  }
}

function isSet(value: number | undefined): value is number {
  return value !== undefined && value !== 0
}

function isSetText(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0
}
