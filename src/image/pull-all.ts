/** `pull --all-tags`: one tag after the other, in the registry's order. */
import { familiarName, withTag } from '#oci/reference.ts'
import { pullOutcome, type PullDeps, type Pulled } from '#image/pull.ts'
import type { ImageId, OnProgress, PullOptions } from '#image/types.ts'

/** Pulls one reference that has a tag. */
export type PullOne = (
  options: PullOptions,
  onProgress: OnProgress,
  signal: AbortSignal,
) => Promise<Pulled>

/**
 * Ends with the first tag that fails; the tags before it stay.
 * @throws EngineError as a pull of one, and not_found for an unknown repository
 */
export async function pullAllTags(
  deps: Pick<PullDeps, 'registry'> & { readonly pullOne: PullOne },
  options: PullOptions,
  signal: AbortSignal,
): Promise<readonly ImageId[]> {
  const { onProgress = () => undefined, auth, headers, reference } = options
  const repository = deps.registry.repository(reference, {
    actions: ['pull'],
    ...(auth ? { auth } : {}),
    ...(headers ? { headers } : {}),
  })
  const pulled: Pulled[] = []
  for (const tag of await repository.listTags(signal)) {
    const one = { ...options, reference: withTag(reference, tag) }
    pulled.push(await deps.pullOne(one, onProgress, signal))
  }
  const isNew = pulled.some((each) => each.isNew)
  onProgress(pullOutcome(isNew, familiarName(reference)))
  return pulled.map(({ id }) => id)
}
