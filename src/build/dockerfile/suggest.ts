/** Letters that may differ between a word and what is suggested for it. */
const mostDifferences = 2

/**
 * ` (did you mean X?)` with the nearest candidate, or nothing; `prefix` stands before the candidate.
 * A word that is a candidate itself is no misspelling.
 */
export function suggestion(word: string, candidates: readonly string[], prefix = ''): string {
  if (candidates.includes(word)) return ''
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word, candidate) }))
    .filter(({ distance }) => distance <= mostDifferences)
    .toSorted((a, b) => a.distance - b.distance)
  const nearest = ranked[0]?.candidate
  return nearest === undefined ? '' : ` (did you mean ${prefix}${nearest}?)`
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (const [i, character] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (character === other ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
