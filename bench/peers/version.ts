import { run } from '#test/support/commands.ts'

export async function isInstalled(program: string): Promise<boolean> {
  return (await run('sh', ['-c', `command -v ${program}`])).code === 0
}

/** The first number with dots in what `--version` prints. */
export async function versionOf(program: string): Promise<string> {
  const { stdout } = await run(program, ['--version'])
  return /\d+\.\d+[^\s,]*/.exec(stdout)?.[0] ?? 'unknown'
}
