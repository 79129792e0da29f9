import { EngineError } from '#base/errors.ts'
import type { HostConfig } from '#wire/containers.ts'

/** The log drivers of this engine, as `docker info` lists them. */
export const logDrivers: readonly string[] = ['json-file', 'local', 'none']

/** Refuses settings that the engine cannot honour: silence would promise what does not hold. */
export function checkSupported(config: HostConfig): void {
  const asked: Readonly<Record<string, boolean>> = {
    Links: isFilled(config.Links),
    DeviceRequests: isFilled(config.DeviceRequests),
    StorageOpt: Object.keys(config.StorageOpt ?? {}).length > 0,
    CpuRealtimePeriod: (config.CpuRealtimePeriod ?? 0) !== 0,
    CpuRealtimeRuntime: (config.CpuRealtimeRuntime ?? 0) !== 0,
    VolumeDriver: !['', 'local'].includes(config.VolumeDriver ?? ''),
  }
  const field = Object.keys(asked).find((name) => asked[name])
  if (field !== undefined) {
    throw new EngineError('not_implemented', `HostConfig.${field} is not supported by this engine`)
  }
  const logDriver = config.LogConfig?.Type ?? ''
  if (logDriver !== '' && !logDrivers.includes(logDriver)) {
    throw new EngineError(
      'invalid_argument',
      `logger: no log driver named '${logDriver}' is registered`,
    )
  }
  const isolation = config.Isolation ?? ''
  if (isolation !== '' && isolation !== 'default') {
    throw new EngineError(
      'invalid_argument',
      `invalid isolation '${isolation}': only 'default' is supported on linux`,
    )
  }
}

function isFilled(values: readonly unknown[] | null | undefined): boolean {
  return (values?.length ?? 0) > 0
}
