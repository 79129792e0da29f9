import { EngineError } from '#base/errors.ts'
import type { ContainerSpec, CreateContainerRequest } from '#container/types.ts'
import type { Platform } from '#oci/descriptor.ts'
import { type HostDefaults, toHostSpec } from '#api/mapping/host-spec.ts'
import { parseExposedPorts } from '#api/mapping/ports.ts'
import type { ContainerCreateBody, EndpointSettings, HealthConfig } from '#wire/containers.ts'

export interface CreateQuery {
  readonly name?: string | undefined
  readonly platform?: Platform | undefined
}

/**
 * `POST /containers/create` in domain words.
 * @throws EngineError invalid_argument, not_implemented
 */
export function toCreateRequest(
  body: ContainerCreateBody,
  query: CreateQuery,
  defaults: HostDefaults,
): CreateContainerRequest {
  const imageName = body.Image ?? ''
  if (imageName === '') {
    throw new EngineError('invalid_argument', 'create container: field "Image" is empty')
  }
  const cmd = toWords(body.Cmd)
  const entrypoint = toWords(body.Entrypoint)
  return {
    ...(query.name === undefined ? {} : { name: query.name }),
    imageName,
    spec: toSpec(body, query, defaults),
    explicit: { cmd: cmd.length > 0, entrypoint: entrypoint.length > 0 },
    ...(query.platform ? { platform: query.platform } : {}),
  }
}

function toSpec(
  body: ContainerCreateBody,
  query: CreateQuery,
  defaults: HostDefaults,
): ContainerSpec {
  const host = body.HostConfig ?? {}
  const stopTimeoutS = body.StopTimeout ?? undefined
  const shell = body.Shell ?? undefined
  return {
    ...(body.Hostname ? { hostname: body.Hostname } : {}),
    ...(body.Domainname ? { domainname: body.Domainname } : {}),
    user: body.User ?? '',
    env: body.Env ?? [],
    cmd: toWords(body.Cmd),
    entrypoint: toWords(body.Entrypoint),
    workingDir: body.WorkingDir ?? '',
    labels: body.Labels ?? {},
    annotations: host.Annotations ?? {},
    exposedPorts: parseExposedPorts(Object.keys(body.ExposedPorts ?? {})),
    volumePaths: Object.keys(body.Volumes ?? {}),
    ...(body.StopSignal ? { stopSignal: body.StopSignal } : {}),
    ...(stopTimeoutS === undefined ? {} : { stopTimeoutS }),
    ...(shell === undefined ? {} : { shell }),
    ...(body.Healthcheck ? { healthcheck: toHealthcheck(body.Healthcheck) } : {}),
    isTty: body.Tty ?? false,
    openStdin: body.OpenStdin ?? false,
    stdinOnce: body.StdinOnce ?? false,
    attach: {
      stdin: body.AttachStdin ?? false,
      stdout: body.AttachStdout ?? false,
      stderr: body.AttachStderr ?? false,
    },
    ...(query.platform ? { platform: query.platform } : {}),
    host: toHostSpec(host, firstEndpoint(body), defaults),
  }
}

/** The endpoint settings of the network that `NetworkMode` names; several networks are refused. */
function firstEndpoint(body: ContainerCreateBody): EndpointSettings {
  const endpoints = Object.entries(body.NetworkingConfig?.EndpointsConfig ?? {})
  const [first] = endpoints
  if (!first) return body.MacAddress ? { MacAddress: body.MacAddress } : {}
  const mode = body.HostConfig?.NetworkMode ?? ''
  const [name, settings] = first
  const isDefault = ['', 'default', 'bridge'].includes(mode)
  if (
    endpoints.length > 1 ||
    (name !== mode && !(isDefault && ['default', 'bridge'].includes(name)))
  ) {
    throw new EngineError(
      'not_implemented',
      'create container: networks beside the one of "NetworkMode" are not supported by this engine',
    )
  }
  return { ...settings, ...(body.MacAddress ? { MacAddress: body.MacAddress } : {}) }
}

/** Docker takes `"Cmd": "echo hi"` for one word. */
export function toWords(value: readonly string[] | string | null | undefined): readonly string[] {
  if (value == null) return []
  return typeof value === 'string' ? [value] : value
}

function toHealthcheck(config: HealthConfig): NonNullable<ContainerSpec['healthcheck']> {
  const { Test, Interval, Timeout, StartPeriod, StartInterval, Retries } = config
  checkSpan('interval', Interval)
  checkSpan('timeout', Timeout)
  checkSpan('start period', StartPeriod)
  checkSpan('start interval', StartInterval)
  if (Retries !== undefined && Retries < 0) {
    throw new EngineError('invalid_argument', 'retries in Healthcheck cannot be negative')
  }
  return {
    ...(Test === undefined ? {} : { Test }),
    ...(Interval === undefined ? {} : { Interval }),
    ...(Timeout === undefined ? {} : { Timeout }),
    ...(StartPeriod === undefined ? {} : { StartPeriod }),
    ...(StartInterval === undefined ? {} : { StartInterval }),
    ...(Retries === undefined ? {} : { Retries }),
  }
}

const shortestSpanNs = 1_000_000

/** Zero is "as the image or the engine has it". */
function checkSpan(what: string, spanNs = 0): void {
  if (spanNs === 0 || spanNs >= shortestSpanNs) return
  throw new EngineError('invalid_argument', `${what} in Healthcheck cannot be less than 1ms`)
}
