/** Checks of what a client asked for, before anything is made; texts as Docker's. */
import { availableParallelism } from 'node:os'
import { EngineError } from '#base/errors.ts'
import { checkLogOptions } from '#container/log-rotation.ts'
import type { ContainerSpec, HostSpec, Resources } from '#container/types.ts'

const minimumMemoryBytes = 6 * 1024 * 1024

/**
 * @returns warnings for the client
 * @throws EngineError invalid_argument
 */
export function validateSpec(spec: ContainerSpec): readonly string[] {
  const warnings: string[] = []
  validateRestart(spec.host)
  validateMemory(spec.host.resources)
  validateCpu(spec.host.resources)
  checkLogOptions(spec.host.logDriver)
  if (spec.host.networkMode.type === 'host' && spec.host.ports.length > 0) {
    warnings.push('Published ports are discarded when using host network mode')
  }
  if (spec.host.networkMode.type === 'container') {
    validateSharedNetwork(spec)
  }
  if (spec.workingDir !== '' && !spec.workingDir.startsWith('/')) {
    throw invalid(
      `the working directory '${spec.workingDir}' is invalid, it needs to be an absolute path`,
    )
  }
  return warnings
}

function validateRestart({ isAutoRemove, restartPolicy }: HostSpec): void {
  if (isAutoRemove && restartPolicy.name !== 'no') {
    throw invalid("can't create 'AutoRemove' container with restart policy")
  }
  if (restartPolicy.name === 'on-failure' && restartPolicy.maximumRetryCount < 0) {
    throw invalid('invalid restart policy: maximum retry count cannot be negative')
  }
}

function validateMemory(resources: Resources): void {
  const { memoryBytes, memorySwapBytes, memoryReservationBytes, memorySwappiness } = resources
  if (memoryBytes !== 0 && memoryBytes < minimumMemoryBytes) {
    throw invalid('Minimum memory limit allowed is 6MB')
  }
  if (memoryBytes > 0 && memorySwapBytes > 0 && memorySwapBytes < memoryBytes) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage')
  }
  if (memoryBytes === 0 && memorySwapBytes > 0) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage')
  }
  if (memorySwappiness !== undefined && (memorySwappiness < -1 || memorySwappiness > 100)) {
    throw invalid(`Invalid value: ${memorySwappiness}, valid memory swappiness range is 0-100`)
  }
  if (memoryReservationBytes > 0 && memoryReservationBytes < minimumMemoryBytes) {
    throw invalid('Minimum memory reservation allowed is 6MB')
  }
  if (memoryBytes > 0 && memoryReservationBytes > memoryBytes) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage')
  }
}

function validateCpu(resources: Resources): void {
  const { nanoCpus, cpuPeriodUs, cpuQuotaUs } = resources
  if (nanoCpus > 0 && cpuPeriodUs > 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set')
  }
  if (nanoCpus > 0 && cpuQuotaUs > 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set')
  }
  const cpus = availableParallelism()
  if (nanoCpus < 0 || nanoCpus > cpus * 1e9) {
    throw invalid(
      `range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`,
    )
  }
  if (cpuPeriodUs !== 0 && (cpuPeriodUs < 1000 || cpuPeriodUs > 1_000_000)) {
    throw invalid(
      'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)',
    )
  }
  if (cpuQuotaUs > 0 && cpuQuotaUs < 1000) {
    throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)')
  }
}

function validateSharedNetwork(spec: ContainerSpec): void {
  if (spec.hostname !== undefined && spec.hostname !== '') {
    throw invalid('conflicting options: hostname and the network mode')
  }
  if (spec.host.ports.length > 0 || spec.host.publishAllPorts) {
    throw invalid('conflicting options: port publishing and the container type network mode')
  }
  if (spec.host.extraHosts.length > 0) {
    throw invalid('conflicting options: custom host-to-IP mapping and the network mode')
  }
  if (spec.host.dns.length > 0) {
    throw invalid('conflicting options: dns and the network mode')
  }
}

function invalid(message: string): EngineError {
  return new EngineError('invalid_argument', message)
}
