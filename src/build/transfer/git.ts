import { mkdtemp, realpath, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '#base/errors.ts'
import { parseGitUrl } from '#build/graph/urls.ts'
import { plainEnvironment, runCommand } from '#sys/process.ts'

export interface CloneTarget {
  /** Empty; it is replaced by the tree. */
  readonly directory: string
  readonly scratch: string
}

const git = '/usr/bin/git'
/** No prompt, no configuration of the machine or of a user. */
const environment = [
  ...plainEnvironment,
  'GIT_TERMINAL_PROMPT=0',
  'GIT_CONFIG_NOSYSTEM=1',
  'GIT_ASKPASS=/bin/false',
  'HOME=/nonexistent',
]

/** The tree of one commit, without its history. @throws EngineError with git's own complaint */
export async function cloneRepository(
  url: string,
  { directory, scratch }: CloneTarget,
  signal: AbortSignal,
): Promise<void> {
  const { remote, ref, subdirectory } = parseGitUrl(url)
  const clone = await mkdtemp(join(scratch, 'git-'))
  try {
    await run(['init', '-q', clone], signal)
    const fetch = ['fetch', '-q', '--depth', '1', '--', remote, ref === '' ? 'HEAD' : ref]
    await run(['-C', clone, ...fetch], signal)
    await run(['-C', clone, 'checkout', '-q', '--detach', 'FETCH_HEAD'], signal)
    await run(
      ['-C', clone, 'submodule', 'update', '-q', '--init', '--recursive', '--depth', '1'],
      signal,
    )
    await rm(join(clone, '.git'), { recursive: true, force: true })
    const tree = await findTree(clone, subdirectory)
    await rm(directory, { recursive: true })
    await rename(tree, directory)
  } finally {
    await rm(clone, { recursive: true, force: true })
  }
}

async function findTree(clone: string, subdirectory: string): Promise<string> {
  const tree = await realpath(join(clone, subdirectory)).catch(() => undefined)
  const root = await realpath(clone)
  const isInside = tree === root || tree?.startsWith(`${root}/`) === true
  if (tree === undefined || !isInside || !(await stat(tree)).isDirectory()) {
    const message = `git repository: subdirectory "${subdirectory}" is no directory of it`
    throw new EngineError('invalid_argument', message)
  }
  return tree
}

async function run(args: readonly string[], signal: AbortSignal): Promise<void> {
  const { code, stderr } = await runCommand(git, args, { env: environment, signal })
  if (code === 0) return
  const detail = stderr.toString('utf8').trim()
  throw new EngineError(
    'invalid_argument',
    `git ${args.includes('fetch') ? 'fetch' : 'checkout'}: ${detail}`,
  )
}
