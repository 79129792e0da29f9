type Labels = Readonly<Record<string, string>>

/** `key` or `key=value`, as label filters are written. */
export function matchesLabel(labels: Labels, filter: string): boolean {
  const mark = filter.indexOf('=')
  if (mark < 0) return Object.hasOwn(labels, filter)
  return labels[filter.slice(0, mark)] === filter.slice(mark + 1)
}

/** Label values must all match (other filter keys take any of theirs); `label!` values must all fail. */
export function matchesLabels(
  labels: Labels,
  wanted: readonly string[] = [],
  unwanted: readonly string[] = [],
): boolean {
  return (
    wanted.every((filter) => matchesLabel(labels, filter)) &&
    !unwanted.some((filter) => matchesLabel(labels, filter))
  )
}
