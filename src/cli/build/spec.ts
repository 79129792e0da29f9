/** The flags, the Dockerfile and the contexts as what the engine is asked for. */
import { EngineError } from '#base/errors.ts'
import { registryAuthHeader } from '#cli/config/credentials.ts'
import type { Settings, Variables } from '#cli/config/settings.ts'
import { readAnnotation } from '#cli/build/annotations.ts'
import { readProvenance } from '#cli/build/attestations.ts'
import { readCacheFlag } from '#cli/build/cache-flags.ts'
import { type NamedContext, readNamedContext } from '#cli/build/contexts.ts'
import type { BuildFlags } from '#cli/build/flags.ts'
import { type OutputPlan, readOutputs } from '#cli/build/outputs.ts'
import { readSecrets } from '#cli/build/secrets.ts'
import { type BuildSource, readSource } from '#cli/build/source.ts'
import { readSshAgents } from '#cli/build/ssh.ts'
import { toRecord } from '#cli/create/pairs.ts'
import { findReference } from '#oci/reference.ts'
import type { BuildSpecBody } from '#wire/build.ts'

export interface BuildPlan {
  readonly spec: BuildSpecBody
  readonly source: BuildSource
  readonly named: readonly NamedContext[]
  readonly outputs: readonly OutputPlan[]
  /** Socket of the agent by id. */
  readonly agents: ReadonlyMap<string, string>
}

/** @throws EngineError for flags that do not fit and files that cannot be read */
export async function planBuild(
  flags: BuildFlags,
  path: string,
  settings: Settings,
): Promise<BuildPlan> {
  const { variables } = settings
  const outputs = readOutputs(flags)
  const agents = readSshAgents(flags.ssh.value, variables)
  const secrets = readSecrets(flags.secret.value, variables)
  const named = flags.buildContext.value.map(readNamedContext)
  const source = await readSource(path, flags.file.value)
  const tags = [...flags.tag.value, ...outputs.flatMap(({ names = [] }) => names)]
  if (tags.length === 0 && outputs.some(({ body }) => body.isPushed === true)) {
    throw new EngineError('invalid_argument', 'tag is needed when pushing to registry')
  }
  const spec: BuildSpecBody = {
    ...imageFields(flags, variables),
    ...cacheFields(flags),
    tags,
    secrets,
    call: flags.call(),
    contexts: Object.fromEntries([
      ['context', source.context],
      ...named.map(({ name, body }) => [name, body]),
    ]),
    ...(source.dockerfile === undefined
      ? { dockerfileName: flags.file.value || undefined }
      : { dockerfile: source.dockerfile }),
    outputs: outputs.map(({ body }) => body),
    annotations: [
      ...flags.annotation.value.flatMap(readAnnotation),
      ...outputs.flatMap(({ annotations = [] }) => annotations),
    ],
    ssh: [...agents.keys()],
    limits: flags.limits(),
    network: flags.network.value,
    why: flags.why.value,
    allowsInsecure: flags.allow.value.includes('security.insecure'),
    allowsHostNetwork: flags.allow.value.includes('network.host'),
    registryAuth: await collectAuth(settings, [...tags, ...baseImages(source)]),
  }
  return { spec, source, named, outputs, agents }
}

function imageFields(flags: BuildFlags, variables: Variables): Partial<BuildSpecBody> {
  const platforms = flags.platform.value.flatMap((text) => text.split(','))
  const fallback = variables['DOCKER_DEFAULT_PLATFORM'] ?? ''
  if (platforms.length === 0 && fallback !== '') platforms.push(fallback)
  return {
    platforms,
    target: flags.target.value || undefined,
    buildArgs: buildArgs(flags.buildArg.value, variables),
    labels: toRecord(flags.label.value),
    squash: flags.squash.value,
    provenance: readProvenance(flags),
  }
}

function cacheFields(flags: BuildFlags): Partial<BuildSpecBody> {
  return {
    noCache: flags.noCache.value,
    noCacheFilter: flags.noCacheFilter.value.flatMap((text) => text.split(',')),
    pull: flags.pull.value,
    cacheFrom: flags.cacheFrom.value.map(readCacheFlag),
    cacheTo: flags.cacheTo.value.map(readCacheFlag),
  }
}

/** `KEY` alone takes the environment's value; without one it is left out. */
function buildArgs(flags: readonly string[], variables: Variables): Record<string, string> {
  return Object.fromEntries(
    flags.flatMap((flag) => {
      const equals = flag.indexOf('=')
      if (equals !== -1) return [[flag.slice(0, equals), flag.slice(equals + 1)]]
      const value = variables[flag]
      return value === undefined ? [] : [[flag, value]]
    }),
  )
}

/** Images that FROM and `--from` may pull from registries with credentials. */
function baseImages({ dockerfile }: BuildSource): readonly string[] {
  const matches = (dockerfile?.text ?? '').matchAll(/^\s*FROM\s+(?:--\S+\s+)*(\S+)|--from=(\S+)/gim)
  return [...matches].map(([, from, copy]) => from ?? copy ?? '')
}

/** Credentials of every registry that the configuration or the build names. */
async function collectAuth(
  { file }: Settings,
  images: readonly string[],
): Promise<Record<string, unknown>> {
  const stored = [...Object.keys(file.auths ?? {}), ...Object.keys(file.credHelpers ?? {})]
  const hosts = new Set([
    ...stored.map((key) => key.replace(/^https?:\/\//, '').replace(/\/.*$/, '')),
    ...images.flatMap((image) => findReference(image)?.registry ?? []),
  ])
  const found: Record<string, unknown> = {}
  for (const host of hosts) {
    const name = host === 'index.docker.io' ? 'docker.io' : host
    const header = await registryAuthHeader(file, `${name}/image`)
    if (header === undefined) continue
    const auth: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))
    found[name] = auth
  }
  return found
}
