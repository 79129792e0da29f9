/** Writes what was built to where the request wants it. */
import type { BuiltPlatform } from '#build/builder/built.ts'
import type { BuildMachine } from '#build/ops/machine.ts'
import type { BuildOutcome, BuildRequest } from '#build/types.ts'
import type { Lease } from '#store/types.ts'

export interface Outputs {
  readonly request: BuildRequest
  readonly built: readonly BuiltPlatform[]
  readonly lease: Lease
}

export async function writeOutputs(
  { images }: BuildMachine,
  { request, built, lease }: Outputs,
  signal: AbortSignal,
): Promise<Omit<BuildOutcome, 'buildId'>> {
  const [first] = built
  if (!first) return { metadata: {} }
  const config = new TextEncoder().encode(JSON.stringify(first.config))
  const made = { config, layers: first.result.layers, form: 'present' } as const
  const parts = await images.describe(made, { lease, signal })
  const image = await images.create(parts, request.tags)
  return { imageId: image.id, descriptor: image.manifest.digest, metadata: {} }
}
