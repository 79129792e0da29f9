/** One challenge of a `WWW-Authenticate` header (RFC 9110 §11.6.1). */
export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>
}

const challengeStart = /^\s*,*\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?=[\s,]|$)/
const parameter =
  /^\s*,?\s*([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*/

/** Reads the challenges of a header; what cannot be read ends the list. */
export function parseChallenges(header: string | undefined): Challenge[] {
  const challenges: Challenge[] = []
  let rest = header ?? ''
  for (;;) {
    const start = challengeStart.exec(rest)
    if (!start) return challenges
    rest = rest.slice(start[0].length)
    const parameters: Record<string, string> = {}
    for (let found = parameter.exec(rest); found; found = parameter.exec(rest)) {
      const [whole, name = '', quoted, token = ''] = found
      parameters[name.toLowerCase()] = quoted?.replaceAll(/\\(.)/g, '$1') ?? token
      rest = rest.slice(whole.length)
    }
    challenges.push({ scheme: (start[1] ?? '').toLowerCase(), parameters })
  }
}
