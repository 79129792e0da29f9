/** gantryd: configuration → engine → listeners, then signals and the orderly end. */
import { enableCompileCache } from 'node:module'
import { errorMessage, findEngineError } from '#base/errors.ts'
import type { ErrorKind } from '#base/errors.ts'
import { readCommandLine } from '#daemon/config.ts'
import { productVersion } from '#wire/versions.ts'

// Not Node's default below /tmp: what is there, any user may have written.
enableCompileCache('/var/cache/gantry')

const usageExitCode = 125
/** Another engine has these places: whoever started this one may wait for that one. */
const otherEngineExitCode = 75

async function main(): Promise<void> {
  const command = readCommandLine(process.argv.slice(2))
  switch (command.type) {
    case 'help': {
      const [{ formatHelp }, { allSettings }] = await Promise.all([
        import('#daemon/flags.ts'),
        import('#daemon/settings.ts'),
      ])
      process.stdout.write(formatHelp(allSettings))
      return
    }
    case 'version':
      process.stdout.write(`Gantry version ${productVersion}\n`)
      return
    case 'validated':
      process.stdout.write('configuration OK\n')
      return
    case 'run': {
      // The engine's modules load only when it runs, and after the compile cache is on.
      const { runDaemon } = await import('#daemon/run.ts')
      await runDaemon(command.config)
    }
  }
}

try {
  await main()
} catch (error) {
  const hint = findEngineError(error)?.hint
  process.stderr.write(
    `gantryd: ${errorMessage(error)}${hint === undefined ? '' : `\n  ${hint}`}\n`,
  )
  process.exit(exitCodeOf(findEngineError(error)?.kind))
}

function exitCodeOf(kind: ErrorKind | undefined): number {
  if (kind === 'invalid_argument') return usageExitCode
  return kind === 'conflict' ? otherEngineExitCode : 1
}
