/**
 * ADD of a git repository, by the system's git(1) in a clean environment: no configuration of
 * the machine or a user, no hooks, no filters, no local protocol for submodules, and nothing
 * from outside is ever read as an option (S34).
 */
import { readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError, errnoOf, errorKind } from '#base/errors.ts'
import { canonicalJson } from '#build/graph/canonical.ts'
import type { GitOp } from '#build/graph/types.ts'
import type { BuildMachine, BuildSession } from '#build/ops/machine.ts'
import { emptyResult, type SnapshotResult } from '#build/ops/result.ts'
import type { RunContext } from '#build/solver/types.ts'
import { openWorkspace } from '#build/ops/workspace.ts'
import { commitFiles } from '#build/sources/inline-file.ts'
import { plainEnvironment, runCommand } from '#sys/process.ts'

const git = '/usr/bin/git'

/** Also against a repository that changes what git runs: attributes' filters need configuration. */
const settings = [
  'core.hooksPath=/dev/null',
  'protocol.allow=never',
  'protocol.https.allow=always',
  'protocol.http.allow=always',
  'protocol.git.allow=always',
  'protocol.ssh.allow=always',
  'submodule.recurse=false',
  'core.symlinks=true',
  'advice.detachedHead=false',
  'gc.auto=0',
]

const fullCommit = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/

export interface GitSource {
  readonly op: GitOp
  readonly session: Pick<BuildSession, 'secrets'>
}

export interface CloneTarget {
  /** Empty; the tree's files are put there. */
  readonly directory: string
  /** Empty, on the same filesystem: the tree is moved from here. */
  readonly clone: string
}

/** The commit that the ref names now, with what else decides the tree. @throws EngineError */
export async function resolveCommit(
  op: GitOp,
  session: GitSource['session'],
  signal: AbortSignal,
): Promise<string> {
  const commit = await findCommit({ op, session }, signal)
  const { remote, subdirectory, keepsGitDirectory } = op
  return canonicalJson({ remote, commit, subdirectory, keepsGitDirectory })
}

/** @throws EngineError unavailable, not_found (ref, subdirectory), failed_precondition (checksum) */
export async function fetchGit(
  machine: BuildMachine,
  source: GitSource & { readonly session: BuildSession },
  { signal, onStatus }: RunContext,
): Promise<SnapshotResult> {
  const { op, session } = source
  const commit = await findCommit(source, signal)
  onStatus({ id: op.remote, text: `fetching ${commit.slice(0, 12)}`, currentBytes: 0 })
  const fill = async (directory: string) => {
    await using workspace = openWorkspace(machine)
    // A second layer's directory: on the same disk, so that the tree is moved and not copied.
    const { key } = await workspace.prepare(emptyResult)
    const clone = machine.stores.snapshots.upperDirectory(key)
    await checkout({ source, commit, clone }, signal)
    await moveTree(clone, { directory, op })
  }
  return await commitFiles(machine, { fill, lease: session.lease }, signal)
}

/** The tree of the commit that the ref names now, outside of any graph. @throws as `fetchGit` */
export async function cloneTree(
  source: GitSource,
  { directory, clone }: CloneTarget,
  signal: AbortSignal,
): Promise<void> {
  const commit = await findCommit(source, signal)
  await checkout({ source, commit, clone }, signal)
  await moveTree(clone, { directory, op: source.op })
}

async function findCommit({ op, session }: GitSource, signal: AbortSignal): Promise<string> {
  if (fullCommit.test(op.ref)) return checkCommit(op, op.ref)
  const ref = op.ref === '' ? 'HEAD' : op.ref
  const patterns = op.ref === '' ? ['HEAD'] : [ref, `${ref}^{}`]
  const args = ['ls-remote', '--', op.remote, ...patterns]
  const lines = (await run({ args, op, session }, signal)).split('\n').filter(Boolean)
  const found = lines.map((line) => line.split('\t'))
  const named = (name: string) => found.find(([, candidate]) => candidate === name)?.[0]
  const commit =
    named(`refs/tags/${ref}^{}`) ??
    named(`refs/heads/${ref}`) ??
    named(`refs/tags/${ref}`) ??
    named(ref)
  if (commit === undefined) {
    throw new EngineError('not_found', `repository does not contain ref ${ref}: ${op.remote}`)
  }
  return checkCommit(op, commit)
}

function checkCommit({ checksum }: GitOp, commit: string): string {
  if (checksum === undefined || checksum === '' || commit.startsWith(checksum)) return commit
  throw new EngineError(
    'failed_precondition',
    `expected checksum to match ${checksum}, got ${commit}`,
  )
}

interface Checkout {
  readonly source: GitSource
  readonly commit: string
  readonly clone: string
}

async function checkout({ source, commit, clone }: Checkout, signal: AbortSignal): Promise<void> {
  const { op } = source
  const wanted = op.ref === '' ? commit : op.ref
  const inside = (args: readonly string[]) =>
    run({ ...source, args: ['-C', clone, ...args] }, signal)
  await run({ ...source, args: ['init', '-q', '--template=', '--', clone] }, signal)
  await inside(['remote', 'add', 'origin', '--', op.remote])
  await fetchCommit(inside, { commit, wanted })
  await inside(['checkout', '-q', '--detach', commit])
  await inside(['submodule', 'update', '-q', '--init', '--recursive', '--depth=1'])
}

type RunInside = (args: readonly string[]) => Promise<string>

/**
 * Servers may refuse commits by name, and plain file servers partial histories. Whatever they
 * give, only that commit is checked out.
 */
async function fetchCommit(
  inside: RunInside,
  { commit, wanted }: { readonly commit: string; readonly wanted: string },
): Promise<void> {
  const attempts = [
    ['--depth=1', '--no-tags', '--', 'origin', commit],
    ['--depth=1', '--no-tags', '--', 'origin', wanted],
    ['--tags', '--', 'origin', '+refs/heads/*:refs/remotes/origin/*'],
  ]
  for (const [index, args] of attempts.entries()) {
    try {
      await inside(['fetch', '-q', ...args])
      return
    } catch (error) {
      if (index === attempts.length - 1 || errorKind(error) !== 'unavailable') throw error
    }
  }
}

/** The tree takes the place of the layer's directory. */
async function moveTree(
  clone: string,
  { directory, op }: { readonly directory: string; readonly op: GitOp },
): Promise<void> {
  const root = await realpath(clone)
  const tree = await findTree(root, op.subdirectory)
  if (!op.keepsGitDirectory) await rm(join(root, '.git'), { recursive: true, force: true })
  for (const name of await readdir(tree)) await rename(join(tree, name), join(directory, name))
  if (tree !== root && op.keepsGitDirectory) {
    await rename(join(root, '.git'), join(directory, '.git'))
  }
}

async function findTree(root: string, subdirectory: string): Promise<string> {
  const tree = await realpath(join(root, subdirectory)).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return ''
    throw error
  })
  const isInside = tree === root || tree.startsWith(`${root}/`)
  if (!isInside || !(await stat(tree)).isDirectory()) {
    throw new EngineError('not_found', `git repository: no directory "${subdirectory}"`)
  }
  return tree
}

interface Command extends GitSource {
  readonly args: readonly string[]
}

async function run({ args, op, session }: Command, signal: AbortSignal): Promise<string> {
  const { code, stdout, stderr } = await runCommand(
    git,
    [...settings.flatMap((setting) => ['-c', setting]), ...args],
    { env: environment(op, session), signal },
  )
  if (code === 0) return stdout.toString()
  const detail = stderr.toString().trim()
  throw new EngineError('unavailable', `failed to fetch remote ${op.remote}: ${detail}`)
}

/** A token for the host may come as a secret; it travels in the environment, where no one else looks. */
function environment({ remote }: GitOp, { secrets }: GitSource['session']): string[] {
  const host = URL.canParse(remote) ? new URL(remote).host : ''
  const token = secrets.get(`GIT_AUTH_TOKEN.${host}`) ?? secrets.get('GIT_AUTH_TOKEN')
  const basic = token && Buffer.from(`x-access-token:${Buffer.from(token).toString().trim()}`)
  return [
    ...plainEnvironment,
    'GIT_TERMINAL_PROMPT=0',
    'GIT_CONFIG_NOSYSTEM=1',
    'GIT_CONFIG_GLOBAL=/dev/null',
    'GIT_ASKPASS=/bin/false',
    'GIT_LFS_SKIP_SMUDGE=1',
    'GIT_SSH_COMMAND=ssh -F /dev/null -o BatchMode=yes',
    'HOME=/nonexistent',
    ...(basic
      ? [
          'GIT_CONFIG_COUNT=1',
          `GIT_CONFIG_KEY_0=http.https://${host}/.extraHeader`,
          `GIT_CONFIG_VALUE_0=Authorization: basic ${basic.toString('base64')}`,
        ]
      : []),
  ]
}
