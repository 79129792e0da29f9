/** History entries, worded as BuildKit words them: other tools parse these texts. */
import type { LowerContext } from '#build/graph/lower/context.ts'

const comment = 'buildkit.dockerfile.v0'

/** An instruction that changes only the config. */
export function recordEmpty(context: LowerContext, createdBy: string): void {
  context.state.history.push({ created_by: createdBy, comment, empty_layer: true })
}

/** An instruction that makes a layer; `isMarked` adds BuildKit's ` # buildkit`. */
export function recordLayer(context: LowerContext, createdBy: string, isMarked: boolean): void {
  context.state.history.push({
    created_by: isMarked ? `${createdBy} # buildkit` : createdBy,
    comment,
  })
}

/** Go's `%q` of a string list: `["a" "b"]`. */
export function quotedList(items: readonly string[]): string {
  return `[${items.map((item) => JSON.stringify(item)).join(' ')}]`
}

/** Go's `%v` of a string list: `[a b]`. */
export function plainList(items: readonly string[]): string {
  return `[${items.join(' ')}]`
}
