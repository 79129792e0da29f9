import { EngineError } from '#base/errors.ts'
import { hostRelease, hostSources } from '#cli/bootstrap/host.ts'
import { bootstrap } from '#cli/bootstrap/mmdebstrap.ts'
import { formatSource, sourcesFor } from '#cli/bootstrap/sources.ts'
import type { Command, CommandContext } from '#cli/command.ts'
import { splitTag } from '#cli/image-name.ts'
import { writeProgress } from '#cli/progress.ts'
import type { Platform } from '#oci/descriptor.ts'
import { formatPlatform, hostPlatform, parsePlatform } from '#oci/platform.ts'
import { parseReference } from '#oci/reference.ts'

export const command: Command = {
  usage: '[OPTIONS] DISTRIBUTION:SUITE [NAME[:TAG]]',
  args: { min: 1, max: 2 },
  declare(flags) {
    const include = flags.list('include', 'Additional packages to install')
    const mirror = flags.text(
      'mirror',
      "URL of a package mirror (default: this machine's apt sources)",
    )
    const platform = flags.text('platform', 'Set platform of the image')
    const quiet = flags.bool('quiet', 'Suppress progress', { short: 'q' })
    const variant = flags.text(
      'variant',
      'Set of packages: "essential", "apt", "minbase", "buildd"',
      {
        initial: 'apt',
      },
    )
    return async ([source = '', name = source], context) => {
      const { suite, distribution } = readSource(source)
      const target = platform.value === '' ? undefined : parsePlatform(platform.value)
      const archive = bootstrap({
        suite,
        sources: mirror.value === '' ? ownSources(distribution, suite) : [mirror.value],
        variant: variant.value,
        packages: include.value.flatMap((text) => text.split(',')),
        ...(target ? { architecture: debianArchitecture(target) } : {}),
        onMessage: (text) => {
          if (!quiet.value) context.output.writeError(`${text}\n`)
        },
      })
      await importSystem(context, archive, { name, source, platform: target })
      return 0
    }
  },
}

/** `debian:bookworm`. */
function readSource(source: string): { readonly distribution: string; readonly suite: string } {
  const { repository, tag } = parseReference(source)
  if (tag === undefined) {
    throw new EngineError('invalid_argument', `bootstrap "${source}": no suite`, {
      hint: 'say which release: debian:bookworm',
    })
  }
  return { distribution: repository.split('/').at(-1) ?? '', suite: tag }
}

function ownSources(distribution: string, suite: string): string[] {
  const release = hostRelease()
  // Another distribution's packages are not where this machine's are.
  const ownSuite = release.id === distribution ? release.suite : ''
  const found = sourcesFor(suite, hostSources(), ownSuite).map(formatSource)
  if (found.length > 0) return found
  throw new EngineError(
    'invalid_argument',
    `bootstrap ${distribution}:${suite}: this machine's apt sources do not have it`,
    { hint: 'say where its packages are with --mirror URL' },
  )
}

function debianArchitecture({ architecture, variant }: Platform): string {
  const names: Readonly<Record<string, string>> = {
    '386': 'i386',
    arm: variant === 'v7' ? 'armhf' : 'armel',
    ppc64le: 'ppc64el',
  }
  return names[architecture] ?? architecture
}

interface SystemImage {
  readonly name: string
  readonly source: string
  readonly platform: Platform | undefined
}

/** The engine is asked when the first bytes are there: nothing waits on an idle connection meanwhile. */
async function importSystem(
  { client, output }: CommandContext,
  archive: AsyncGenerator<Uint8Array>,
  { name, platform, source }: SystemImage,
): Promise<void> {
  const first = await archive.next()
  if (first.done === true) throw new EngineError('internal', `bootstrap ${source}: no files`)
  const target = splitTag(name)
  const failures: unknown[] = []
  const body = rejoin(first.value, archive, (error) => void failures.push(error))
  try {
    const lines = await client.images.importArchive(body, {
      reference: target.repository,
      tag: target.tag,
      message: `Bootstrapped from ${source}`,
      changes: ['CMD ["bash"]'],
      platform: formatPlatform(platform ?? hostPlatform()),
    })
    await writeProgress(lines, { output, stream: 'stdout' })
  } catch (error) {
    // What made the archive end is the cause; the cut connection only its consequence.
    throw failures[0] ?? error
  }
}

async function* rejoin(
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array>,
  onFailure: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield first
    yield* rest
  } catch (error) {
    onFailure(error)
    throw error
  }
}
