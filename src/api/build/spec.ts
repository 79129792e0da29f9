/** What `gantry build` asked for as a build request. */
import { EngineError } from '#base/errors.ts'
import type { Annotation } from '#build/export/annotations.ts'
import type { BuildRequest, CacheLocation, ImageForm, StepLimits } from '#build/types.ts'
import type { BlobForm } from '#image/layer-blobs.ts'
import { parsePlatform } from '#oci/platform.ts'
import { registryAuthFinder } from '#api/build/auth.ts'
import { parseTag, readNetwork } from '#api/build/query.ts'
import type {
  AnnotationBody,
  BuildSpecBody,
  CacheLocationBody,
  LimitsBody,
  OutputBody,
} from '#wire/build.ts'

type SpecifiedBuild = Omit<BuildRequest, 'contexts' | 'dockerfile' | 'onEvent' | 'outputs' | 'ssh'>

/** @throws EngineError invalid_argument, not_implemented for values that no build can have */
export function readBuildSpec(spec: BuildSpecBody): SpecifiedBuild {
  return {
    ...(spec.target === undefined ? {} : { target: spec.target }),
    ...(spec.provenance === undefined ? {} : { provenance: spec.provenance }),
    buildArgs: new Map(Object.entries(spec.buildArgs ?? {})),
    labels: spec.labels ?? {},
    annotations: (spec.annotations ?? []).map(readAnnotation),
    tags: (spec.tags ?? []).map(parseTag),
    platforms: (spec.platforms ?? []).map((platform) => parsePlatform(platform)),
    uncachedStages: spec.noCache === true ? 'all' : new Set(spec.noCacheFilter),
    alwaysPulls: spec.pull ?? false,
    secrets: new Map(
      Object.entries(spec.secrets ?? {}).map(([id, text]) => [id, Buffer.from(text, 'base64')]),
    ),
    limits: readLimits(spec.limits ?? {}),
    network: readNetwork(spec.network ?? 'default'),
    allowsInsecure: spec.allowsInsecure ?? false,
    allowsHostNetwork: spec.allowsHostNetwork ?? false,
    cacheFrom: (spec.cacheFrom ?? []).map(readCacheLocation),
    cacheTo: (spec.cacheTo ?? []).map(readCacheLocation),
    squashes: spec.squash ?? false,
    explains: spec.why ?? false,
    origin: originOf(spec),
    registryAuth: registryAuthFinder(spec.registryAuth ?? {}),
  }
}

function readAnnotation({ platform, ...rest }: AnnotationBody): Annotation {
  return { ...rest, ...(platform === undefined ? {} : { platform: parsePlatform(platform) }) }
}

/** Docker's media types know no zstd: a layer that has only such a blob gets another. */
export function readImageForm({
  compression,
  compressionLevel,
  forcesCompression = false,
  mediaFamily = 'oci',
}: OutputBody): ImageForm {
  const isForced = forcesCompression || mediaFamily === 'docker'
  if (compression === undefined && !isForced) return { mediaFamily }
  const blobs: BlobForm = {
    compression: compression ?? 'gzip',
    isForced,
    ...(compressionLevel === undefined ? {} : { level: compressionLevel }),
  }
  return { blobs, mediaFamily }
}

/** The directory on its machine, or the URL. */
function originOf({ contexts }: BuildSpecBody): string {
  const main = contexts['context']
  return main?.key ?? main?.url ?? ''
}

function readLimits(body: LimitsBody): StepLimits {
  return {
    memoryBytes: body.memoryBytes ?? 0,
    memorySwapBytes: body.memorySwapBytes ?? 0,
    cpuShares: body.cpuShares ?? 0,
    cpuPeriodUs: body.cpuPeriodUs ?? 0,
    cpuQuotaUs: body.cpuQuotaUs ?? 0,
    cpusetCpus: body.cpusetCpus ?? '',
    cpusetMems: body.cpusetMems ?? '',
    shmSizeBytes: body.shmSizeBytes ?? 0,
    cgroupParent: body.cgroupParent ?? '',
    ulimits: body.ulimits ?? [],
    extraHosts: body.extraHosts ?? [],
  }
}

function readCacheLocation({
  type,
  reference,
  path,
  mode = 'min',
}: CacheLocationBody): CacheLocation {
  if (type === 'inline') return { type }
  if (type === 'registry' && reference !== undefined) return { type, reference, mode }
  if (type === 'local' && path !== undefined) return { type, path, mode }
  throw new EngineError('invalid_argument', `cache of type ${type}: its place is missing`)
}
