/** `gantry build --why`: what made a step's key differ from the nearest cached one. */
import type { KeyIngredients } from '#build/solver/types.ts'

export type Reason =
  | { readonly kind: 'never-built' }
  | { readonly kind: 'no-cache' }
  | { readonly kind: 'instruction-changed' }
  | { readonly kind: 'parent-changed'; readonly input: number }
  | { readonly kind: 'files-changed'; readonly input: number }

/** Compares what the key is made of with the latest record of the same step. */
export function explainMiss(
  miss: KeyIngredients,
  nearest: KeyIngredients | undefined,
): readonly Reason[] {
  if (!nearest) return [{ kind: 'never-built' }]
  const reasons: Reason[] = []
  if (miss.op !== nearest.op) reasons.push({ kind: 'instruction-changed' })
  for (const [input, { use, digest }] of miss.inputs.entries()) {
    if (digest === nearest.inputs[input]?.digest) continue
    reasons.push({ kind: use === 'selection' ? 'files-changed' : 'parent-changed', input })
  }
  return reasons.length === 0 ? [{ kind: 'no-cache' }] : reasons
}
