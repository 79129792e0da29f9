import { EngineError } from '#base/errors.ts'
import { formatSize } from '#cli/format/units.ts'
import type { Output } from '#cli/output.ts'
import type { ProgressLine } from '#wire/images.ts'

export interface ProgressOptions {
  readonly output: Output
  readonly stream: 'stdout' | 'stderr'
  /** Only failures are shown. */
  readonly isQuiet?: boolean
}

/**
 * Shows a progress stream: on a terminal one line per layer that is rewritten in
 * place, elsewhere each new status once.
 * @throws EngineError internal when a line carries an error
 */
export async function writeProgress(
  lines: AsyncIterable<ProgressLine>,
  { output, stream, isQuiet = false }: ProgressOptions,
): Promise<void> {
  const columns = output.columns(stream)
  const write = (text: string) =>
    stream === 'stdout' ? output.write(text) : output.writeError(text)
  const screen = createProgressScreen(columns)
  for await (const line of lines) {
    const failure = line.errorDetail?.message ?? line.error
    if (failure !== undefined) throw new EngineError('internal', failure)
    if (!isQuiet) write(screen.show(line))
  }
}

/** Turns progress lines into what has to be written. `columns` undefined: not a terminal. */
export function createProgressScreen(columns: number | undefined): {
  show(line: ProgressLine): string
} {
  const rows: string[] = []
  return {
    show(line) {
      if (line.stream !== undefined) return line.stream
      if (line.status === undefined) return ''
      const { current = 0, total = 0 } = line.progressDetail ?? {}
      const isMoving = current > 0 || total > 0
      if (columns === undefined) {
        return isMoving ? '' : `${line.id === undefined ? '' : `${line.id}: `}${line.status}\n`
      }
      const text = `${line.status}${isMoving ? ` ${formatBar(current, total, columns)}` : ''}`
      if (line.id === undefined || line.id === '') {
        rows.length = 0
        return `${text}\n`
      }
      return rewrite(rows, line.id, `${line.id}: ${text}`)
    },
  }
}

/** Moves to the row of `id`, clears it, writes, and moves back below the last row. */
function rewrite(rows: string[], id: string, text: string): string {
  const index = rows.indexOf(id)
  if (index === -1) {
    rows.push(id)
    return `\u001b[2K\r${text}\n`
  }
  const up = rows.length - index
  return `\u001b[${up}A\u001b[2K\r${text}\r\u001b[${up}B`
}

const barWidth = 50

/** `[====>     ]  12.3MB/45MB`; without a bar on narrow terminals, and only the size without a total. */
export function formatBar(current: number, total: number, columns: number): string {
  const done = formatSize(current).padStart(8)
  if (total <= 0) return done
  const numbers = current > total ? done : `${done}/${formatSize(total)}`
  if (columns <= 110) return numbers
  const filled = Math.min(barWidth, Math.trunc((current / total) * barWidth))
  const bar = `${'='.repeat(filled)}>${' '.repeat(barWidth - filled)}`
  return `[${bar}]${numbers.startsWith(' ') ? '' : ' '} ${numbers}`
}
