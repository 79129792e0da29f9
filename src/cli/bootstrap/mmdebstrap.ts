/** Runs mmdebstrap: a root filesystem tar on stdout, its story on stderr. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { EngineError, errnoOf } from '#base/errors.ts'

export interface BootstrapRequest {
  readonly suite: string
  /** URLs or whole `deb …` lines. */
  readonly sources: readonly string[]
  /** mmdebstrap's: `essential`, `apt`, `minbase`, … */
  readonly variant: string
  readonly packages: readonly string[]
  /** Debian's word: `amd64`. */
  readonly architecture?: string
  readonly onMessage: (text: string) => void
}

/**
 * What a container needs otherwise than a machine: packages start no services when they are
 * installed, and their archives are not kept in a layer.
 */
const containerHook = [
  'printf "#!/bin/sh\\nexit 101\\n" > "$1/usr/sbin/policy-rc.d"',
  'chmod 755 "$1/usr/sbin/policy-rc.d"',
  'echo \'APT::Keep-Downloaded-Packages "false";\' > "$1/etc/apt/apt.conf.d/99container"',
].join(' && ')

/**
 * The root filesystem as a tar. The stream fails when mmdebstrap does, so that whoever
 * reads it never takes half a system for a whole one.
 * @throws EngineError not_found without mmdebstrap, unavailable when the mirror does not answer
 */
export async function* bootstrap(request: BootstrapRequest): AsyncGenerator<Uint8Array> {
  const child = spawn('mmdebstrap', argumentsOf(request), { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close').then(([code]) => Number(code))
  ended.catch(() => undefined)
  const said: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => {
    said.push(line)
    if (/^[IW]: /.test(line)) request.onMessage(line.slice(3))
  })
  try {
    yield* child.stdout
    const code = await ended
    if (code !== 0) throw failureOf(request, said)
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    throw new EngineError('not_found', 'bootstrap: mmdebstrap is not installed', {
      hint: 'install it first: apt-get install mmdebstrap',
      cause: error,
    })
  } finally {
    child.kill()
  }
}

function argumentsOf(request: BootstrapRequest): string[] {
  const { architecture, packages, suite, variant } = request
  return [
    `--variant=${variant}`,
    '--format=tar',
    // Written to the image's apt configuration too.
    '--aptopt=Acquire::Languages "none"',
    `--customize-hook=${containerHook}`,
    ...(packages.length > 0 ? [`--include=${packages.join(',')}`] : []),
    ...(architecture === undefined ? [] : [`--architectures=${architecture}`]),
    suite,
    '-',
    ...request.sources,
  ]
}

const unreachable =
  /could not resolve|temporary failure resolving|could not connect|unable to connect|connection (failed|refused|timed out)/i

function failureOf({ sources, suite }: BootstrapRequest, said: readonly string[]): EngineError {
  const errors = said.filter((line) => /^(E|Err|W): ?|^Err:/.test(line))
  const network = said.find((line) => unreachable.test(line))
  if (network !== undefined) {
    return new EngineError(
      'unavailable',
      `bootstrap ${suite}: the package mirror cannot be reached: ${network.trim()}`,
      { hint: `tried ${sources.join(', ')}; give another with --mirror` },
    )
  }
  const detail = (errors.length > 0 ? errors : said).slice(-4).join('\n')
  return new EngineError('internal', `bootstrap ${suite}: mmdebstrap failed:\n${detail}`)
}
