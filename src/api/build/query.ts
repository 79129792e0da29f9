/** The query of `POST /build` as a build request; names and texts are Docker's. */
import { EngineError, errorMessage } from '#base/errors.ts'
import type { BuildRequest, StepLimits } from '#build/types.ts'
import { parsePlatform } from '#oci/platform.ts'
import { parseReference, type Reference, withDefaultTag } from '#oci/reference.ts'
import { type Call, queryBool, queryInteger, queryText } from '#api/call.ts'
import { parseRegistryConfig } from '#api/build/auth.ts'
import { BuildArgs, BuildCacheFrom, BuildLabels, BuildUlimits } from '#wire/build.ts'
import { decodeRequest } from '#wire/decode.ts'
import type { Schema } from '#wire/schema.ts'

/** Everything that does not come with the context or the connection. */
export type QueriedBuild = Omit<BuildRequest, 'contexts' | 'dockerfile' | 'onEvent'>

export function readBuildQuery(call: Call): QueriedBuild {
  const target = queryText(call, 'target')
  const platform = queryText(call, 'platform')
  return {
    ...(target === undefined ? {} : { target }),
    buildArgs: readBuildArgs(call),
    labels: readJson(call, 'labels', { schema: BuildLabels, what: 'labels' }) ?? {},
    annotations: [],
    tags: call.query
      .getAll('t')
      .filter((tag) => tag !== '')
      .map(parseTag),
    platforms: platform === undefined ? [] : [parsePlatform(platform)],
    outputs: [{ type: 'image', isPushed: false }],
    uncachedStages: queryBool(call, 'nocache') ? 'all' : new Set(),
    alwaysPulls: queryBool(call, 'pull'),
    secrets: new Map(),
    ssh: new Map(),
    limits: readLimits(call),
    network: readNetwork(queryText(call, 'networkmode') ?? 'default'),
    allowsInsecure: false,
    allowsHostNetwork: false,
    cacheFrom: readCacheFrom(call),
    cacheTo: [],
    squashes: queryBool(call, 'squash'),
    registryAuth: parseRegistryConfig(call.request.headers['x-registry-config']),
  }
}

/** @throws EngineError invalid_argument with Docker's texts */
export function parseTag(text: string): Reference {
  const reference = parseReference(text)
  if (reference.digest !== undefined) {
    throw new EngineError('invalid_argument', 'build tag cannot contain a digest')
  }
  return withDefaultTag(reference)
}

/** @throws EngineError not_implemented for networks that no build step can join */
export function readNetwork(mode: string): BuildRequest['network'] {
  if (mode === '' || mode === 'default' || mode === 'bridge') return 'default'
  if (mode === 'none' || mode === 'host') return mode
  throw new EngineError(
    'not_implemented',
    `network mode "${mode}" not supported by the builder: use default, none or host`,
  )
}

function readBuildArgs(call: Call): ReadonlyMap<string, string> {
  const given = readJson(call, 'buildargs', { schema: BuildArgs, what: 'build args' }) ?? {}
  return new Map(
    Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== null),
  )
}

function readCacheFrom(call: Call): BuildRequest['cacheFrom'] {
  const images = readJson(call, 'cachefrom', { schema: BuildCacheFrom, what: 'cache-from' }) ?? []
  return images.map((reference) => ({ type: 'registry', reference, mode: 'min' }))
}

function readLimits(call: Call): StepLimits {
  const number = (name: string) => queryInteger(call, name) ?? 0
  const text = (name: string) => queryText(call, name) ?? ''
  const ulimits = readJson(call, 'ulimits', { schema: BuildUlimits, what: 'ulimit settings' })
  return {
    memoryBytes: number('memory'),
    memorySwapBytes: number('memswap'),
    cpuShares: number('cpushares'),
    cpuPeriodUs: number('cpuperiod'),
    cpuQuotaUs: number('cpuquota'),
    cpusetCpus: text('cpusetcpus'),
    cpusetMems: text('cpusetmems'),
    shmSizeBytes: number('shmsize'),
    cgroupParent: text('cgroupparent'),
    ulimits: (ulimits ?? []).map(({ Name, Soft, Hard }) => ({
      name: Name,
      soft: Soft,
      hard: Hard,
    })),
    extraHosts: call.query
      .getAll('extrahosts')
      .flatMap((hosts) => hosts.split(','))
      .filter((host) => host !== ''),
  }
}

interface JsonParameter<T> {
  readonly schema: Schema<T>
  /** As Docker's complaint names it. */
  readonly what: string
}

function readJson<T>(call: Call, name: string, { schema, what }: JsonParameter<T>): T | undefined {
  const text = queryText(call, name)
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return value === null ? undefined : decodeRequest(schema, value)
  } catch (error) {
    const message = `error reading ${what}: ${errorMessage(error)}`
    throw new EngineError('invalid_argument', message, { cause: error })
  }
}
