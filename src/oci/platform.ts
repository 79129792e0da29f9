import { EngineError } from '#base/errors.ts'
import type { Descriptor, Platform } from '#oci/descriptor.ts'

const architectureAliases: Readonly<Record<string, Pick<Platform, 'architecture' | 'variant'>>> = {
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  i386: { architecture: '386' },
  i486: { architecture: '386' },
  i586: { architecture: '386' },
  i686: { architecture: '386' },
  aarch64: { architecture: 'arm64' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
}

const knownArchitectures = new Set(
  '386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm'.split(
    ' ',
  ),
)
const knownOses = new Set(['linux', 'windows', 'darwin', 'freebsd'])
const componentPattern = /^[A-Za-z0-9_.-]+$/

/**
 * Reads `linux/amd64`, `linux/arm/v7`, `arm64` or `linux`; what is missing is the host's.
 * @throws EngineError invalid_argument with Docker's text
 */
export function parsePlatform(text: string, host: Platform = hostPlatform()): Platform {
  const parts = text.split('/')
  if (parts.length > 3 || parts.some((part) => !componentPattern.test(part))) {
    throw new EngineError(
      'invalid_argument',
      `"${text}": platform specifier component must match "^[A-Za-z0-9_.-]+$": invalid argument`,
    )
  }
  const [first = '', architecture, variant] = parts.map((part) => part.toLowerCase())
  if (architecture === undefined) return parseSingle(first, text, host)
  return normalizePlatform({
    os: first,
    architecture,
    ...(variant === undefined ? {} : { variant }),
  })
}

/** `os/architecture[/variant]`. */
export function formatPlatform(platform: Platform): string {
  const variant = platform.variant ? `/${platform.variant}` : ''
  return `${platform.os}/${platform.architecture}${variant}`
}

/** One spelling per platform: aliases resolved, implied variants dropped (`arm64/v8`) or named (`arm/v7`). */
export function normalizePlatform(platform: Platform): Platform {
  const { variant: given, ...rest } = platform
  const os = platform.os.toLowerCase() === 'macos' ? 'darwin' : platform.os.toLowerCase()
  const alias = architectureAliases[platform.architecture.toLowerCase()]
  const architecture = alias?.architecture ?? platform.architecture.toLowerCase()
  const variant = normalizeVariant(architecture, alias?.variant ?? given?.toLowerCase() ?? '')
  return { ...rest, os, architecture, ...(variant === '' ? {} : { variant }) }
}

/** The platform this process runs on. */
export function hostPlatform(architecture: string = process.arch): Platform {
  const names: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386', loong64: 'loong64' }
  return normalizePlatform({ os: 'linux', architecture: names[architecture] ?? architecture })
}

/** True when an image of `actual` runs where `wanted` is asked for. */
export function matchesPlatform(wanted: Platform, actual: Platform): boolean {
  return platformRank(wanted, actual) !== undefined
}

/**
 * The manifest of an index that suits `wanted` best; attestations are never chosen.
 * Entries without a platform count only when nothing names one.
 */
export function chooseManifest(
  manifests: readonly Descriptor[],
  wanted: Platform,
): Descriptor | undefined {
  const images = manifests.filter((descriptor) => !isAttestation(descriptor))
  let best: { readonly descriptor: Descriptor; readonly rank: number } | undefined
  for (const descriptor of images) {
    if (!descriptor.platform) continue
    const rank = platformRank(wanted, descriptor.platform)
    if (rank !== undefined && (!best || rank < best.rank)) best = { descriptor, rank }
  }
  if (best) return best.descriptor
  const isUnnamed = images.length === 1 && images[0]?.platform === undefined
  return isUnnamed ? images[0] : undefined
}

/** BuildKit's attestation manifests ride in an index with a platform of `unknown/unknown`. */
export function isAttestation(descriptor: Descriptor): boolean {
  return descriptor.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest'
}

function parseSingle(word: string, text: string, host: Platform): Platform {
  if (knownOses.has(word)) return { ...host, os: word }
  const platform = normalizePlatform({ os: host.os, architecture: word })
  if (knownArchitectures.has(platform.architecture)) return platform
  throw new EngineError(
    'invalid_argument',
    `"${text}": unknown operating system or architecture: invalid argument`,
  )
}

function normalizeVariant(architecture: string, variant: string): string {
  const version = /^\d+$/.test(variant) ? `v${variant}` : variant
  if (architecture === 'arm') return version === '' || version === 'v' ? 'v7' : version
  if (architecture === 'arm64' && (version === 'v8' || version === 'v8.0')) return ''
  if (architecture === 'amd64' && version === 'v1') return ''
  return version
}

/** 0 is best; undefined when it does not run there. */
function platformRank(wanted: Platform, actual: Platform): number | undefined {
  const have = formatPlatform(normalizePlatform(actual))
  const rank = runnable(normalizePlatform(wanted)).indexOf(have)
  return rank === -1 ? undefined : rank
}

/** What runs on `platform`, best first: lower variants, and the 32-bit kin of 64-bit ones. */
function runnable(platform: Platform): string[] {
  const { os, architecture, variant } = platform
  const named = (arch: string, variants: readonly string[]) =>
    variants.map((v) => `${os}/${arch}${v === '' ? '' : `/${v}`}`)
  const below = (top: number, last: number) =>
    Array.from({ length: Math.max(0, top - last + 1) }, (_, i) => `v${top - i}`)
  const level = Number(variant?.slice(1) ?? '')
  if (architecture === 'amd64') {
    const variants = level > 1 ? [...below(level, 2), ''] : ['']
    return [...named('amd64', variants), ...named('386', [''])]
  }
  if (architecture === 'arm64') {
    const own = variant === undefined ? [''] : [variant, '']
    return [...named('arm64', own), ...named('arm', below(8, 5))]
  }
  if (architecture === 'arm' && level >= 5 && level <= 8) return named('arm', below(level, 5))
  return [formatPlatform(platform)]
}
