/** Names of base images to pinned images: each name once per build. */
import { EngineError } from '#base/errors.ts'
import type { Base, StagePlan } from '#build/graph/plan.ts'
import type { ResolvedBase } from '#build/graph/lower/dockerfile.ts'
import type { BuildRequest } from '#build/types.ts'
import { abortable } from '#base/async.ts'
import type { Image, Images } from '#image/types.ts'
import type { Platform } from '#oci/descriptor.ts'
import { formatPlatform, matchesPlatform, parsePlatform } from '#oci/platform.ts'
import { familiarName, formatReference, parseReference, withDefaultTag } from '#oci/reference.ts'

export type ImageBase = Extract<Base, { kind: 'image' }>

export interface ResolvedBases {
  readonly resolved: (base: ImageBase) => ResolvedBase
  /** The images by their manifest's digest. */
  readonly images: ReadonlyMap<Image['manifest']['digest'], Image>
}

export interface ResolveOptions {
  readonly images: Images
  readonly request: Pick<BuildRequest, 'alwaysPulls' | 'registryAuth'>
  /** Of bases that name none. */
  readonly platform: Platform
  /** Wraps the look-up of one name: progress. */
  readonly around: <T>(name: string, work: () => Promise<T>) => Promise<T>
}

/** @throws EngineError not_found, permission_denied, unavailable from the registry */
export async function resolveBases(
  plan: StagePlan,
  options: ResolveOptions,
  signal: AbortSignal,
): Promise<ResolvedBases> {
  const wanted = new Map(imageBases(plan).map((base) => [keyOf(base, options), base]))
  const found = new Map<string, Image>()
  await abortable(
    Promise.all(
      [...wanted].map(async ([key, base]) => {
        const name = formatReference(withDefaultTag(parseReference(base.reference)))
        const work = () => resolveOne(base, options, signal)
        found.set(key, await options.around(name, work))
      }),
    ),
    signal,
  )
  return {
    images: new Map([...found.values()].map((image) => [image.manifest.digest, image])),
    resolved(base) {
      const image = found.get(keyOf(base, options))
      if (!image) throw new EngineError('internal', `base image "${base.reference}": not resolved`)
      return toResolved(base, image)
    },
  }
}

function toResolved(base: ImageBase, image: Image): ResolvedBase {
  const reference = familiarName(withDefaultTag(parseReference(base.reference)))
  const { digest } = image.manifest
  return {
    op: { kind: 'image', reference, digest, platform: image.platform },
    config: image.config,
  }
}

export function imageBases({ stages }: StagePlan): readonly ImageBase[] {
  return stages
    .flatMap(({ base, sources }) => [base, ...sources.values()])
    .filter((base) => base.kind === 'image')
}

function keyOf({ reference, platform }: ImageBase, options: ResolveOptions): string {
  return `${reference} ${platform ?? formatPlatform(options.platform)}`
}

/** What is here already serves, unless the user wants the registry's newest (`--pull`). */
async function resolveOne(
  base: ImageBase,
  { images, request, platform }: ResolveOptions,
  signal: AbortSignal,
): Promise<Image> {
  const wanted = base.platform === undefined ? platform : parsePlatform(base.platform)
  const local = images.find(base.reference)
  const isUsable = local !== undefined && matchesPlatform(wanted, local.platform)
  if (isUsable && !request.alwaysPulls) return local
  const reference = withDefaultTag(parseReference(base.reference))
  const auth = request.registryAuth(reference.registry)
  return await images.pull({ reference, platform: wanted, ...(auth && { auth }) }, signal)
}
