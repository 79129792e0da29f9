/** Where the packages of a suite come from, by this machine's apt sources (sources.list(5)). */

export interface PackageSource {
  /** `signed-by` and other options of the one-line form, without brackets. */
  readonly options: string
  readonly uri: string
  readonly suite: string
  readonly components: readonly string[]
}

/** Reads the one-line form or the deb822 form, by what it looks like; `deb-src` and disabled ones are left out. */
export function parseSources(text: string): PackageSource[] {
  const lines = text.split('\n')
  const isOneLine = lines.some((line) => /^\s*deb(-src)?\s/.test(line))
  return isOneLine ? lines.flatMap(parseLine) : stanzas(lines).flatMap(parseStanza)
}

/** As `deb [options] uri suite components`. */
export function formatSource({ components, options, suite, uri }: PackageSource): string {
  const bracketed = options === '' ? '' : `[${options}] `
  return `deb ${bracketed}${uri} ${suite} ${components.join(' ')}`.trimEnd()
}

/**
 * The sources of `suite` with its updates and security fixes; those of the machine's own suite,
 * renamed, when the machine knows no other. Empty when it knows neither.
 */
export function sourcesFor(
  suite: string,
  known: readonly PackageSource[],
  ownSuite: string,
): PackageSource[] {
  const belongs = ({ suite: name }: PackageSource) => name === suite || name.startsWith(`${suite}-`)
  const main = known.filter(belongs)
  if (main.some(({ suite: name }) => name === suite)) return main
  return known
    .filter(({ suite: name }) => name === ownSuite)
    .slice(0, 1)
    .map((source) => ({ ...source, suite }))
}

function parseLine(line: string): PackageSource[] {
  const match = /^\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+([^#]+)/.exec(line)
  if (!match) return []
  const [, options = '', uri = '', rest = ''] = match
  const [suite = '', ...components] = rest.trim().split(/\s+/)
  return [{ options: options.trim(), uri, suite, components }]
}

function stanzas(lines: readonly string[]): string[][] {
  const found: string[][] = [[]]
  for (const line of lines) {
    if (line.startsWith('#')) continue
    if (line.trim() === '') found.push([])
    else found.at(-1)?.push(line)
  }
  return found
}

function parseStanza(lines: readonly string[]): PackageSource[] {
  const fields = new Map<string, string>()
  let last = ''
  for (const line of lines) {
    const match = /^([A-Za-z-]+):\s*(.*)$/.exec(line)
    if (match) last = (match[1] ?? '').toLowerCase()
    fields.set(last, `${fields.get(last) ?? ''} ${match ? match[2] : line.trim()}`.trim())
  }
  const words = (name: string) =>
    (fields.get(name) ?? '').split(/\s+/).filter((word) => word !== '')
  if (!words('types').includes('deb') || fields.get('enabled') === 'no') return []
  const [keyring = ''] = words('signed-by')
  // A key may also be written out in the field; then apt's trusted keys have to do.
  const options = keyring.startsWith('/') ? `signed-by=${keyring}` : ''
  return words('uris').flatMap((uri) =>
    words('suites').map((suite) => ({ options, uri, suite, components: words('components') })),
  )
}
