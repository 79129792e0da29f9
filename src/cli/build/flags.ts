import { checkExtraHost } from '#cli/create/network.ts'
import { parseCpus, parseUlimit } from '#cli/create/resources.ts'
import type { Flag, FlagSet } from '#cli/flags/flag-set.ts'
import { parseBinarySize } from '#cli/format/units.ts'
import type { LimitsBody } from '#wire/build.ts'
import type { UlimitBody } from '#wire/host-config.ts'

export type Call = 'build' | 'check' | 'outline' | 'targets'
export type ProgressMode = 'auto' | 'plain' | 'tty' | 'quiet' | 'rawjson'

/** The flags of `gantry build`. */
export type BuildFlags = ReturnType<typeof declareBuildFlags>

export function declareBuildFlags(flags: FlagSet) {
  return {
    ...declareImageFlags(flags),
    ...declareSourceFlags(flags),
    ...declareCacheFlags(flags),
    ...declareStepFlags(flags),
    ...declareDisplayFlags(flags),
    limits: declareLimits(flags),
  }
}

function declareImageFlags(flags: FlagSet) {
  return {
    tag: flags.list('tag', 'Name and optionally a tag (format: "name:tag")', {
      short: 't',
      type: 'stringArray',
    }),
    label: flags.list('label', 'Set metadata for an image', { type: 'stringArray' }),
    annotation: flags.list('annotation', 'Add annotation to the image', { type: 'stringArray' }),
    platform: flags.list('platform', 'Set target platform for build', { type: 'stringArray' }),
    output: flags.list('output', 'Output destination (format: "type=local,dest=path")', {
      short: 'o',
      type: 'stringArray',
    }),
    push: flags.bool('push', 'Shorthand for "--output=type=registry"'),
    load: flags.bool('load', 'Shorthand for "--output=type=docker"'),
    provenance: flags.add('provenance', 'Shorthand for "--attest=type=provenance"', {
      initial: '',
      type: 'string',
      impliedValue: 'true',
      parse: (text) => text,
    }),
    attest: flags.list('attest', 'Attestation parameters (format: "type=provenance,mode=max")', {
      type: 'stringArray',
    }),
    sbom: flags.add('sbom', 'Shorthand for "--attest=type=sbom"', {
      initial: '',
      type: 'string',
      impliedValue: 'true',
      parse: (text) => text,
    }),
    iidfile: flags.text('iidfile', 'Write the image ID to a file'),
    metadataFile: flags.text('metadata-file', 'Write build result metadata to a file'),
    squash: flags.bool('squash', 'Squash newly built layers into a single new layer'),
  }
}

function declareSourceFlags(flags: FlagSet) {
  return {
    file: flags.text('file', 'Name of the Dockerfile (default: "PATH/Dockerfile")', { short: 'f' }),
    target: flags.text('target', 'Set the target build stage to build'),
    buildArg: flags.list('build-arg', 'Set build-time variables', { type: 'stringArray' }),
    buildContext: flags.list('build-context', 'Additional build contexts (e.g., name=path)', {
      type: 'stringArray',
    }),
    secret: flags.list(
      'secret',
      'Secret to expose to the build (format: "id=mysecret[,src=/local/secret]")',
      { type: 'stringArray' },
    ),
    ssh: flags.list(
      'ssh',
      'SSH agent socket or keys to expose to the build (format: "default|<id>[=<socket>]")',
      { type: 'stringArray' },
    ),
  }
}

function declareCacheFlags(flags: FlagSet) {
  return {
    cacheFrom: flags.list('cache-from', 'External cache sources (e.g., "user/app:cache")', {
      type: 'stringArray',
    }),
    cacheTo: flags.list('cache-to', 'Cache export destinations (e.g., "type=inline")', {
      type: 'stringArray',
    }),
    noCache: flags.bool('no-cache', 'Do not use cache when building the image'),
    noCacheFilter: flags.list('no-cache-filter', 'Do not cache specified stages', {
      type: 'stringArray',
    }),
    pull: flags.bool('pull', 'Always attempt to pull all referenced images'),
  }
}

function declareStepFlags(flags: FlagSet) {
  // Accepted without effect, as in Docker with BuildKit: no intermediate containers are kept.
  flags.bool('rm', 'Remove intermediate containers after a successful build', {
    isHidden: true,
    initial: true,
  })
  flags.bool('force-rm', 'Always remove intermediate containers', { isHidden: true })
  flags.bool('compress', 'Compress the build context using gzip', { isHidden: true })
  return {
    network: flags.text('network', 'Set the networking mode for the "RUN" instructions', {
      initial: 'default',
    }),
    allow: flags.list('allow', 'Allow extra privileged entitlement (e.g., "security.insecure")', {
      type: 'stringArray',
    }),
  }
}

function declareDisplayFlags(flags: FlagSet) {
  const check = flags.bool('check', 'Shorthand for "--call=check"')
  const call = flags.add<Call>(
    'call',
    'Set method for evaluating build ("check", "outline", "targets")',
    {
      initial: 'build',
      type: 'string',
      defaultText: '"build"',
      parse: parseCall,
    },
  )
  return {
    progress: flags.add<ProgressMode>(
      'progress',
      'Set type of progress output ("auto", "none", "plain", "quiet", "rawjson", "tty")',
      { initial: 'auto', type: 'string', defaultText: '"auto"', parse: parseProgress },
    ),
    quiet: flags.bool('quiet', 'Suppress the build output and print image ID on success', {
      short: 'q',
    }),
    why: flags.bool('why', 'Show for each step that ran why it was not in the cache'),
    call: () => (check.value ? 'check' : call.value),
  }
}

function parseCall(text: string): Call {
  switch (text) {
    case 'build':
    case 'check':
    case 'outline':
    case 'targets':
      return text
    case 'lint':
      return 'check'
    default:
      throw new Error(`call "${text}" not supported`)
  }
}

function parseProgress(text: string): ProgressMode {
  switch (text) {
    case 'auto':
    case 'plain':
    case 'tty':
    case 'quiet':
    case 'rawjson':
      return text
    case 'none':
      return 'quiet'
    default:
      throw new Error(`unknown progress type "${text}"`)
  }
}

function declareLimits(flags: FlagSet): () => LimitsBody {
  const size = { initial: 0, type: 'bytes', parse: parseBinarySize }
  const memory = flags.add('memory', 'Memory limit of each step', { ...size, short: 'm' })
  const swap = flags.add(
    'memory-swap',
    "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
    { ...size, parse: (text) => (text === '-1' ? -1 : parseBinarySize(text)) },
  )
  const shm = flags.add('shm-size', 'Shared memory size for build containers', size)
  const cpu = declareCpuLimits(flags)
  const cgroupParent = flags.text(
    'cgroup-parent',
    'Set the parent cgroup for the "RUN" instructions',
  )
  const hosts = flags.list('add-host', 'Add a custom host-to-IP mapping (format: "host:ip")', {
    check: checkExtraHost,
  })
  const ulimit = flags.add<readonly UlimitBody[]>('ulimit', 'Ulimit options', {
    initial: [],
    type: 'ulimit',
    parse: (text, previous) => [...previous, parseUlimit(text)],
  })
  return () => ({
    ...cpu(),
    memoryBytes: memory.value,
    memorySwapBytes: swap.value,
    shmSizeBytes: shm.value,
    cgroupParent: cgroupParent.value,
    extraHosts: hosts.value,
    ulimits: ulimit.value.map(({ Name, Soft, Hard }) => ({
      name: Name ?? '',
      soft: Soft ?? 0,
      hard: Hard ?? 0,
    })),
  })
}

const defaultPeriodUs = 100_000

function declareCpuLimits(flags: FlagSet): () => LimitsBody {
  const shares = flags.integer('cpu-shares', 'CPU shares (relative weight)', { short: 'c' })
  const period = flags.integer('cpu-period', 'Limit the CPU CFS period')
  const quota = flags.integer('cpu-quota', 'Limit the CPU CFS quota')
  const cpuset = flags.text('cpuset-cpus', 'CPUs in which to allow execution (0-3, 0,1)')
  const mems = flags.text('cpuset-mems', 'MEMs in which to allow execution (0-3, 0,1)')
  const cpus: Flag<number> = flags.add('cpus', 'Number of CPUs of each step', {
    initial: 0,
    type: 'decimal',
    parse: parseCpus,
  })
  return () => ({
    cpuShares: shares.value,
    cpusetCpus: cpuset.value,
    cpusetMems: mems.value,
    ...(cpus.value > 0
      ? {
          cpuPeriodUs: defaultPeriodUs,
          cpuQuotaUs: Math.round((cpus.value / 1e9) * defaultPeriodUs),
        }
      : { cpuPeriodUs: period.value, cpuQuotaUs: quota.value }),
  })
}
