import { spawn } from 'node:child_process'

export interface CommandOptions {
  readonly cwd?: string
  /** Added to the caller's environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Written to stdin, which is closed then; stdin is empty without it. */
  readonly input?: string | Uint8Array
  /** The command is killed after this; default 60 s. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface CommandResult {
  /** Exit code; 128 + N when signal N ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  /** Stdout byte for byte. */
  readonly bytes: Buffer
}

const signalNumbers: Readonly<Record<string, number>> = { SIGKILL: 9, SIGTERM: 15, SIGINT: 2 }

/** Runs a program to its end and keeps what it wrote. Rejects only when it cannot be started. */
export function run(
  path: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>()
  const child = spawn(path, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: 'pipe',
    timeout: options.timeoutMs ?? 60_000,
    killSignal: 'SIGKILL',
    signal: options.signal,
  })
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  child.on('error', reject)
  child.on('close', (code, signalName) => {
    const bytes = Buffer.concat(stdout)
    resolve({
      code: code ?? 128 + (signalNumbers[signalName ?? ''] ?? 0),
      stdout: bytes.toString(),
      stderr: Buffer.concat(stderr).toString(),
      bytes,
    })
  })
  // A program that does not read its input closes the pipe early; its exit code tells the story.
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input)
  return promise
}

/** As `run`, and throws with everything the program wrote unless it ended with 0. */
export async function runOk(
  path: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await run(path, args, options)
  if (result.code === 0) return result
  const command = [path, ...args].join(' ')
  throw new Error(`"${command}" ended with ${result.code}:\n${result.stderr}${result.stdout}`)
}
