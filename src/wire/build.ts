import {
  anything,
  bool,
  integer,
  list,
  literals,
  nullable,
  object,
  partial,
  record,
  type Static,
  text,
} from '#wire/schema.ts'

/** `buildargs` of `POST /build`; null takes the value of the environment, which an engine has none of. */
export const BuildArgs = record(nullable(text))
export const BuildLabels = record(text)
export const BuildCacheFrom = list(text)
export const BuildUlimits = list(object({ Name: text, Soft: integer, Hard: integer }))

/** A row of `GET /system/df`'s BuildCache. */
export const BuildCacheRecord = object(
  {
    ID: text,
    Type: text,
    Description: text,
    InUse: bool,
    Shared: bool,
    Size: integer,
    CreatedAt: text,
    LastUsedAt: nullable(text),
    UsageCount: integer,
  },
  { Parents: nullable(list(text)) },
)
export type BuildCacheRecord = Static<typeof BuildCacheRecord>

export const BuildPruneResponse = object({
  CachesDeleted: nullable(list(text)),
  SpaceReclaimed: integer,
})
export type BuildPruneResponse = Static<typeof BuildPruneResponse>

/** A row of `GET /gantry/builds`, and the answer of `GET /gantry/builds/{id}`. */
export const BuildRecord = object(
  {
    Id: text,
    Name: text,
    Status: literals('running', 'completed', 'failed', 'cancelled'),
    StartedAt: text,
    TotalSteps: integer,
    CachedSteps: integer,
  },
  { FinishedAt: text, ImageId: text, Error: text },
)
export type BuildRecord = Static<typeof BuildRecord>

const Range = object({
  start: object({ line: integer, column: integer }),
  end: object({ line: integer, column: integer }),
})

export const VertexBody = object({ id: text, name: text, inputs: list(text) }, { range: Range })
export type VertexBody = Static<typeof VertexBody>

export const ReasonBody = object(
  {
    kind: literals(
      'never-built',
      'no-cache',
      'not-kept',
      'instruction-changed',
      'parent-changed',
      'files-changed',
    ),
  },
  {
    input: integer,
    was: text,
    changes: list(object({ what: text }, { was: text, is: text })),
    files: list(
      object({
        path: text,
        change: literals('added', 'removed', 'content', 'mode', 'owner', 'type'),
      }),
    ),
    /** Of files that differ, where not all are listed. */
    fileCount: integer,
  },
)
export type ReasonBody = Static<typeof ReasonBody>

/** `excerpt`: the source around it, where a report shows it. */
export const WarningBody = object({ rule: text, message: text, range: Range }, { excerpt: text })
export type WarningBody = Static<typeof WarningBody>

/** Progress of a build. Times are nanoseconds since the epoch as text. */
export type BuildEventBody =
  | {
      readonly type: 'vertex-started'
      readonly vertex: VertexBody
      readonly why: readonly ReasonBody[]
      readonly at: string
    }
  | {
      readonly type: 'vertex-cached' | 'vertex-completed'
      readonly vertex: VertexBody
      readonly at: string
    }
  | {
      readonly type: 'vertex-failed'
      readonly vertex: VertexBody
      readonly message: string
      readonly at: string
    }
  | {
      readonly type: 'vertex-output'
      readonly id: string
      readonly stream: 'stdout' | 'stderr'
      /** base64 */
      readonly bytes: string
    }
  | {
      readonly type: 'vertex-status'
      readonly id: string
      readonly status: {
        readonly id: string
        readonly text: string
        readonly currentBytes: number
        readonly totalBytes?: number
      }
    }
  | { readonly type: 'warning'; readonly warning: WarningBody }

export const LimitsBody = partial({
  memoryBytes: integer,
  memorySwapBytes: integer,
  cpuShares: integer,
  cpuPeriodUs: integer,
  cpuQuotaUs: integer,
  cpusetCpus: text,
  cpusetMems: text,
  shmSizeBytes: integer,
  cgroupParent: text,
  ulimits: list(object({ name: text, soft: integer, hard: integer })),
  extraHosts: list(text),
})
export type LimitsBody = Static<typeof LimitsBody>

export const CacheLocationBody = object(
  { type: literals('inline', 'registry', 'local') },
  { reference: text, path: text, mode: literals('min', 'max') },
)
export type CacheLocationBody = Static<typeof CacheLocationBody>

export const OutputBody = object(
  { type: literals('image', 'docker', 'oci', 'tar', 'local') },
  {
    isPushed: bool,
    compression: literals('gzip', 'zstd', 'uncompressed'),
    compressionLevel: integer,
    forcesCompression: bool,
    mediaFamily: literals('oci', 'docker'),
  },
)
export type OutputBody = Static<typeof OutputBody>

export const AnnotationBody = object(
  { level: literals('manifest', 'manifest-descriptor', 'index'), key: text, value: text },
  { platform: text },
)
export type AnnotationBody = Static<typeof AnnotationBody>

/** What `gantry build` asks for: the first message of a session. */
export const BuildSpecBody = object(
  {
    call: literals('build', 'check', 'outline', 'targets'),
    contexts: record(
      object(
        { kind: literals('local', 'git', 'http', 'image', 'oci-layout', 'empty', 'archive') },
        { key: text, url: text, ignore: list(text) },
      ),
    ),
  },
  {
    /** Absent: it is in the main context. */
    dockerfile: object({ name: text, text }),
    dockerfileName: text,
    target: text,
    buildArgs: record(text),
    labels: record(text),
    annotations: list(AnnotationBody),
    tags: list(text),
    platforms: list(text),
    outputs: list(OutputBody),
    noCache: bool,
    noCacheFilter: list(text),
    pull: bool,
    /** base64 by id */
    secrets: record(text),
    ssh: list(text),
    limits: LimitsBody,
    network: text,
    allowsInsecure: bool,
    allowsHostNetwork: bool,
    cacheFrom: list(CacheLocationBody),
    cacheTo: list(CacheLocationBody),
    provenance: literals('min', 'max'),
    squash: bool,
    /** `--why`: reasons come with the steps that run. */
    why: bool,
    /** Registry address → auth object, as in `X-Registry-Config`. */
    registryAuth: record(anything),
  },
)
export type BuildSpecBody = Static<typeof BuildSpecBody>
