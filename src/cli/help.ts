import type { FlagSpec } from '#cli/flags/flag-set.ts'

/** The `Options:` lines of Docker's help: names, type, text wrapped to `width` columns. */
export function formatFlags(specs: readonly FlagSpec[], width: number): string {
  const shown = specs
    .filter((spec) => !spec.isHidden)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const heads = shown.map(headOf)
  const column = Math.max(0, ...heads.map((head) => head.length)) + 3
  return shown
    .map((spec, index) => {
      const text = spec.help + (spec.defaultText === '' ? '' : ` (default ${spec.defaultText})`)
      const lines = wrap(text, Math.max(24, width - column - 1))
      return (heads[index] ?? '').padEnd(column) + lines.join(`\n${' '.repeat(column)}`)
    })
    .join('\n')
}

function headOf(spec: FlagSpec): string {
  const short = spec.short === undefined ? '      ' : `  -${spec.short}, `
  return `${short}--${spec.name}${spec.type === '' ? '' : ` ${spec.type}`}`
}

function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => {
    const lines: string[] = []
    let current = ''
    for (const word of line.split(' ')) {
      if (current !== '' && current.length + 1 + word.length > width) {
        lines.push(current)
        current = word
      } else current = current === '' ? word : `${current} ${word}`
    }
    return [...lines, current]
  })
}

/** Two columns: names and summaries. */
export function formatNames(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(11, ...rows.map(([name]) => name.length + 2))
  return rows.map(([name, summary]) => `  ${name.padEnd(width)} ${summary}`).join('\n')
}
