import { EngineError } from '#base/errors.ts'
import type { Variables } from '#build/dockerfile/variables.ts'
import type { Dockerfile } from '#build/dockerfile/types.ts'
import { expandWord } from '#build/dockerfile/words.ts'
import type { Platform } from '#oci/descriptor.ts'

/** What a build was asked for, as far as the graph depends on it. */
export interface BuildOptions {
  readonly target?: string
  readonly buildArgs: ReadonlyMap<string, string>
  /** Names of `--build-context`s. */
  readonly contexts: ReadonlySet<string>
  readonly labels: Readonly<Record<string, string>>
  readonly buildPlatform: Platform
  readonly targetPlatform: Platform
  /** Several are built at once: steps are shown with theirs. */
  readonly showsPlatforms?: boolean
  /** `--no-cache`: every stage; `--no-cache-filter`: the named ones. */
  readonly uncachedStages: 'all' | ReadonlySet<string>
  /** `--network` of RUN steps that say nothing. */
  readonly network: 'default' | 'none' | 'host'
  readonly ignorePatterns: readonly string[]
}

/** Proxy settings: usable without an ARG, in no history and no cache key. */
export const proxyArgs: ReadonlySet<string> = new Set(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap((name) => [
    name,
    name.toLowerCase(),
  ]),
)

/** TARGET… and BUILD… args of the global scope; an ARG without value brings them into a stage. */
export function platformArgs(options: BuildOptions): ReadonlyMap<string, string> {
  return new Map([
    ...platformEntries('TARGET', options.targetPlatform),
    ...platformEntries('BUILD', options.buildPlatform),
    [
      'TARGETSTAGE',
      options.target === undefined || options.target === '' ? 'default' : options.target,
    ],
  ])
}

function platformEntries(prefix: string, platform: Platform): [string, string][] {
  const { os, architecture, variant = '' } = platform
  const text = [os, architecture, variant].filter((part) => part !== '').join('/')
  return [
    [`${prefix}PLATFORM`, text],
    [`${prefix}OS`, os],
    [`${prefix}ARCH`, architecture],
    [`${prefix}VARIANT`, variant],
  ]
}

/** Values of the ARGs above the first FROM: what FROM lines may use. */
export function globalValues(dockerfile: Dockerfile, options: BuildOptions): Map<string, string> {
  const values = new Map(platformArgs(options))
  const variables = { find: (name: string) => values.get(name) }
  const { escape } = dockerfile.directives
  for (const { args } of dockerfile.globalArgs) {
    for (const { key, value } of args) {
      const given = options.buildArgs.get(key)
      if (given !== undefined) values.set(key, given)
      else if (value !== undefined) values.set(key, expandWord(value, { escape, variables }))
    }
  }
  return values
}

export function globalVariables(dockerfile: Dockerfile, options: BuildOptions): Variables {
  const values = globalValues(dockerfile, options)
  return { find: (name) => values.get(name) }
}

/** SOURCE_DATE_EPOCH in seconds. @throws EngineError invalid_argument */
export function sourceDateEpoch({
  buildArgs,
}: Pick<BuildOptions, 'buildArgs'>): number | undefined {
  const text = buildArgs.get('SOURCE_DATE_EPOCH')
  if (text === undefined || text === '') return undefined
  if (/^\d{1,11}$/.test(text)) return Number(text)
  throw new EngineError('invalid_argument', `invalid SOURCE_DATE_EPOCH: ${text}`)
}
