/** What a container runs: the client's wishes over the image's config, by Docker's rules. */
import { EngineError } from '#base/errors.ts'
import type { HealthcheckConfig, ImageRunConfig } from '#oci/descriptor.ts'
import type { ContainerSpec, CreateContainerRequest } from '#container/types.ts'

/**
 * @throws EngineError invalid_argument "no command specified"
 */
export function mergeConfig(request: CreateContainerRequest, image: ImageRunConfig): ContainerSpec {
  const wished = request.spec
  const { entrypoint, cmd } = mergeCommand(request, image)
  const stopSignal = wished.stopSignal ?? image.StopSignal
  const shell = wished.shell ?? image.Shell ?? undefined
  const healthcheck = mergeHealthcheck(wished.healthcheck, image.Healthcheck)
  return {
    ...wished,
    entrypoint,
    cmd,
    user: wished.user === '' ? (image.User ?? '') : wished.user,
    workingDir: wished.workingDir === '' ? (image.WorkingDir ?? '') : wished.workingDir,
    env: mergeEnv(wished.env, image.Env ?? []),
    labels: { ...image.Labels, ...wished.labels },
    exposedPorts: mergePorts(wished, image),
    volumePaths: [...new Set([...wished.volumePaths, ...Object.keys(image.Volumes ?? {})])],
    ...(stopSignal === undefined || stopSignal === '' ? {} : { stopSignal }),
    ...(shell === undefined ? {} : { shell }),
    ...(healthcheck === undefined ? {} : { healthcheck }),
  }
}

/**
 * A new entrypoint drops the image's cmd, which was written for the old one; an
 * empty one (`--entrypoint ""`, sent as `[""]`) runs cmd directly.
 */
function mergeCommand(
  { spec, explicit }: CreateContainerRequest,
  image: ImageRunConfig,
): { readonly entrypoint: readonly string[]; readonly cmd: readonly string[] } {
  const isReset = spec.entrypoint.length === 1 && spec.entrypoint[0] === ''
  const hasOwnEntrypoint = spec.entrypoint.length > 0
  const inheritsCmd = !hasOwnEntrypoint && spec.cmd.length === 0
  const entrypoint = hasOwnEntrypoint || explicit.entrypoint ? spec.entrypoint : image.Entrypoint
  const merged = {
    entrypoint: isReset ? [] : (entrypoint ?? []),
    cmd: inheritsCmd ? (image.Cmd ?? []) : spec.cmd,
  }
  if (merged.entrypoint.length === 0 && merged.cmd.length === 0) {
    throw new EngineError('invalid_argument', 'no command specified')
  }
  return merged
}

/** The image's variables that the client does not set come behind the client's. */
function mergeEnv(own: readonly string[], inherited: readonly string[]): readonly string[] {
  const names = new Set(own.map(envName))
  return [...own, ...inherited.filter((entry) => !names.has(envName(entry)))]
}

export function envName(entry: string): string {
  return entry.split('=', 1)[0] ?? entry
}

function mergePorts(wished: ContainerSpec, image: ImageRunConfig): ContainerSpec['exposedPorts'] {
  const ports = new Map(wished.exposedPorts.map((port) => [`${port.port}/${port.protocol}`, port]))
  for (const text of Object.keys(image.ExposedPorts ?? {})) {
    const [number = '', protocol = 'tcp'] = text.split('/')
    const port = Number(number)
    if (protocol !== 'tcp' && protocol !== 'udp') continue
    if (Number.isInteger(port) && port > 0 && port < 65536) {
      ports.set(`${port}/${protocol}`, { port, protocol })
    }
  }
  return [...ports.values()]
}

/** Fields that the client left out come from the image; a test of its own replaces the whole test. */
function mergeHealthcheck(
  own: HealthcheckConfig | undefined,
  inherited: HealthcheckConfig | undefined,
): HealthcheckConfig | undefined {
  if (!own || !inherited) return own ?? inherited
  const hasOwnTest = own.Test !== undefined && own.Test.length > 0
  const set = Object.fromEntries(
    Object.entries(own).filter(([, value]) => typeof value !== 'number' || value !== 0),
  )
  return {
    ...inherited,
    ...set,
    ...(hasOwnTest || inherited.Test === undefined ? {} : { Test: inherited.Test }),
  }
}
