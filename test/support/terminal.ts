import { run } from '#test/support/commands.ts'
import type { TestEngine } from '#test/support/engine.ts'
import { projectRoot } from '#test/support/paths.ts'

/** One thing that a user at a terminal does, or waits for. */
export type TerminalStep =
  | readonly ['expect', text: string]
  | readonly ['send', text: string]
  /** To the program, as `kill` would. */
  | readonly ['signal', name: NodeJS.Signals]
  | readonly ['resize', rows: number, columns: number]

export interface TerminalResult {
  readonly output: string
  readonly code: number
  /** The terminal's modes after the end are those from before the start. */
  readonly isRestored: boolean
}

/** Runs our command line on a pseudo-terminal of 24 rows and 80 columns. */
export async function gantryOnTerminal(
  engine: TestEngine,
  args: readonly string[],
  steps: readonly TerminalStep[],
): Promise<TerminalResult> {
  const script = `${projectRoot}/test/support/terminal.py`
  const program = [process.execPath, `${projectRoot}/src/cli/main.ts`]
  const { stdout, stderr, code } = await run('python3', [script, ...program, ...args], {
    input: steps.map((step) => `${JSON.stringify(step)}\n`).join(''),
    env: { DOCKER_HOST: engine.host, HOME: engine.identity.root },
  })
  if (code !== 0) throw new Error(`terminal script: ${stderr}`)
  const result: TerminalResult = JSON.parse(stdout)
  return result
}
