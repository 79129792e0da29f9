import { isTerminal } from '#cli/terminal/is-terminal.ts'

export interface TerminalSize {
  readonly rows: number
  readonly columns: number
}

/** The size of the terminal that stdout is; undefined when it is none. */
export function terminalSize(): TerminalSize | undefined {
  if (!isTerminal(1)) return undefined
  const { rows, columns } = process.stdout
  return rows > 0 && columns > 0 ? { rows, columns } : undefined
}

/** Tells of every change of the terminal's size until disposed. */
export function watchTerminalSize(onChange: (size: TerminalSize) => void): Disposable {
  const listen = () => {
    const size = terminalSize()
    if (size) onChange(size)
  }
  process.stdout.on('resize', listen)
  return { [Symbol.dispose]: () => process.stdout.off('resize', listen) }
}
