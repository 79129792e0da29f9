/** Limits of a container as the OCI specification writes them. */
import { statSync } from 'node:fs'
import { EngineError } from '#base/errors.ts'
import { deviceNumbers } from '#sys/files.ts'
import type { RuntimeResources } from '#oci/runtime-spec.ts'
import type { ResourcesInput } from '#runtime/spec/types.ts'

const defaultPeriodUs = 100_000

/** Members that say nothing are left out, so that the kernel's defaults stay. */
export function buildResources(input: ResourcesInput): Omit<RuntimeResources, 'devices'> {
  const memory = buildMemory(input)
  const cpu = buildCpu(input)
  const blockIO = buildBlockIo(input)
  return {
    ...(isEmpty(memory) ? {} : { memory }),
    ...(isEmpty(cpu) ? {} : { cpu }),
    ...(isSet(input.pidsLimit) && input.pidsLimit > 0 ? { pids: { limit: input.pidsLimit } } : {}),
    ...(isEmpty(blockIO) ? {} : { blockIO }),
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

function buildBlockIo(input: ResourcesInput): NonNullable<RuntimeResources['blockIO']> {
  const devices = (input.blkioDevices ?? []).map(({ limit, path, value }) => ({
    limit,
    numbers: blockDevice(path),
    value,
  }))
  const weights = devices
    .filter(({ limit }) => limit === 'weight')
    .map(({ numbers, value }) => ({ ...numbers, weight: value }))
  const throttles = (wanted: string) =>
    devices
      .filter(({ limit }) => limit === wanted)
      .map(({ numbers, value }) => ({ ...numbers, rate: value }))
  const lists = {
    weightDevice: weights,
    throttleReadBpsDevice: throttles('readBps'),
    throttleWriteBpsDevice: throttles('writeBps'),
    throttleReadIOPSDevice: throttles('readIops'),
    throttleWriteIOPSDevice: throttles('writeIops'),
  }
  return {
    ...(isSet(input.blkioWeight) ? { weight: input.blkioWeight } : {}),
    ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list.length > 0)),
  }
}

/** @throws EngineError invalid_argument when it is no block device */
function blockDevice(path: string): { readonly major: number; readonly minor: number } {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (!stats?.isBlockDevice()) {
    const reason = stats ? 'not a block device' : 'no such file or directory'
    throw new EngineError('invalid_argument', `limit device "${path}": ${reason}`)
  }
  return deviceNumbers(BigInt(stats.rdev))
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
