/**
 * Aligns tab-separated text as Go's text/tabwriter does with Docker's settings:
 * columns at least `minimumWidth` wide, three spaces between. A column is a run of
 * consecutive lines that have a tab behind that cell; a line's last cell is free.
 */
export function alignColumns(text: string, minimumWidth = 10): string {
  const lines = text.split('\n').map((line) => line.split('\t'))
  const written = lines.map(() => '')
  alignBlock(lines, written, { from: 0, to: lines.length, column: 0, minimumWidth })
  return written.join('\n')
}

const padding = 3

interface Block {
  /** First line, and the line behind the last. */
  readonly from: number
  readonly to: number
  readonly column: number
  readonly minimumWidth: number
}

function alignBlock(lines: readonly (readonly string[])[], written: string[], block: Block): void {
  const { column, minimumWidth } = block
  for (let line = block.from; line < block.to; line++) {
    const cells = lines[line] ?? []
    if (cells.length - 1 <= column) {
      written[line] += cells[column] ?? ''
      continue
    }
    let end = line
    let width = minimumWidth
    for (; end < block.to && (lines[end]?.length ?? 0) - 1 > column; end++) {
      width = Math.max(width, widthOf(lines[end]?.[column] ?? '') + padding)
    }
    for (let row = line; row < end; row++) {
      const cell = lines[row]?.[column] ?? ''
      written[row] += cell + ' '.repeat(width - widthOf(cell))
    }
    alignBlock(lines, written, { ...block, from: line, to: end, column: column + 1 })
    line = end - 1
  }
}

/** Width in characters, not bytes. */
function widthOf(cell: string): number {
  return [...cell].length
}
