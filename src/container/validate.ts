/** Checks of what a client asked for, before anything is made; texts as Docker's. */
import { EngineError } from '#base/errors.ts'
import { checkLogOptions } from '#container/log-rotation.ts'
import type { ContainerSpec, HostSpec } from '#container/types.ts'
import { checkNetwork } from '#container/validate-network.ts'
import { checkResources } from '#container/validate-resources.ts'
import type { HealthcheckConfig } from '#oci/descriptor.ts'
import { checkSecurity } from '#runtime/spec/check.ts'
import type { CgroupLimits } from '#sys/cgroup/limits.ts'
import { parseSignal } from '#sys/signals.ts'

export interface CheckedSpec {
  /** As asked, without the limits that this machine does not have. */
  readonly spec: ContainerSpec
  /** For the client. */
  readonly warnings: readonly string[]
}

/** @throws EngineError invalid_argument */
export function validateSpec(asked: ContainerSpec, limits: CgroupLimits): CheckedSpec {
  const { host } = asked
  checkProgram(asked)
  if (asked.healthcheck) checkHealth(asked.healthcheck)
  checkRestart(host)
  checkModes(asked)
  checkNetwork(asked)
  checkLogOptions(host.logDriver)
  checkSecurity(host)
  if (Object.hasOwn(asked.annotations, '')) {
    throw invalid('invalid Annotations: the empty string is not permitted as an annotation key')
  }
  if (host.shmSizeBytes < 0) throw invalid('SHM size can not be less than 0')
  if (host.oomScoreAdj < -1000 || host.oomScoreAdj > 1000) {
    throw invalid(`Invalid value ${host.oomScoreAdj}, range for oom score adj is [-1000, 1000]`)
  }
  const { resources, warnings } = checkResources(host.resources, limits)
  return {
    spec: { ...asked, host: { ...host, resources } },
    warnings: [...warnings, ...networkWarnings(host)],
  }
}

function networkWarnings({ networkMode, ports }: HostSpec): readonly string[] {
  if (networkMode.type !== 'host' || ports.length === 0) return []
  return ['Published ports are discarded when using host network mode']
}

function checkProgram({ env, workingDir, stopSignal }: ContainerSpec): void {
  for (const entry of env) {
    if (entry === '' || entry.startsWith('=')) {
      throw invalid(`invalid environment variable: ${entry}`)
    }
  }
  if (workingDir !== '' && !workingDir.startsWith('/')) {
    throw invalid(
      `the working directory '${workingDir}' is invalid, it needs to be an absolute path`,
    )
  }
  if (stopSignal !== undefined && stopSignal !== '') parseSignal(stopSignal)
}

const shortestNs = 1_000_000

function checkHealth(config: HealthcheckConfig): void {
  for (const name of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const value = config[name] ?? 0
    if (value !== 0 && value < shortestNs) {
      throw invalid(`${name} in Healthcheck cannot be less than 1ms`)
    }
  }
  if ((config.Retries ?? 0) < 0) throw invalid('Retries in Healthcheck cannot be negative')
}

function checkRestart({ isAutoRemove, restartPolicy }: HostSpec): void {
  if (isAutoRemove && restartPolicy.name !== 'no') {
    throw invalid("can't create 'AutoRemove' container with restart policy")
  }
  if (restartPolicy.name === 'on-failure' && restartPolicy.maximumRetryCount < 0) {
    throw invalid('invalid restart policy: maximum retry count cannot be negative')
  }
}

const ipcModes = new Set(['', 'none', 'private', 'shareable', 'host'])

function checkModes({ hostname = '', host }: ContainerSpec): void {
  const { ipcMode, pidMode, utsMode, usernsMode } = host
  if (!ipcModes.has(ipcMode) && !namesContainer(ipcMode)) {
    throw invalid(`invalid IPC mode: ${ipcMode}`)
  }
  if (pidMode !== '' && pidMode !== 'host' && !namesContainer(pidMode)) {
    throw invalid(`invalid PID mode: ${pidMode}`)
  }
  if (utsMode !== '' && utsMode !== 'host') throw invalid(`invalid UTS mode: ${utsMode}`)
  if (usernsMode !== '' && usernsMode !== 'host') {
    throw invalid(`invalid user namespace mode: ${usernsMode}`)
  }
  if (utsMode === 'host' && hostname !== '') {
    throw invalid('conflicting options: hostname and the UTS mode')
  }
}

function namesContainer(mode: string): boolean {
  return /^container:./.test(mode)
}

function invalid(message: string): EngineError {
  return new EngineError('invalid_argument', message)
}
