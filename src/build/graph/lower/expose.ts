import { EngineError } from '#base/errors.ts'

/** `80`, `8000-8002/udp` → `80/tcp`, `8000/udp`, … sorted. @throws EngineError invalid_argument */
export function parseExposedPorts(words: readonly string[]): string[] {
  return [...new Set(words.flatMap(parseOne))].toSorted()
}

function parseOne(word: string): string[] {
  const match = /^(\d+)(?:-(\d+))?(?:\/(\w*))?$/.exec(word.replace(/^.*:/, ''))
  const protocol = (match?.[3] ?? '').toLowerCase() || 'tcp'
  const first = Number(match?.[1])
  const last = Number(match?.[2] ?? match?.[1])
  const isPort = match !== null && first >= 1 && last <= 65_535 && first <= last
  if (!isPort) throw new EngineError('invalid_argument', `invalid containerPort: ${word}`)
  if (!['tcp', 'udp', 'sctp'].includes(protocol)) {
    throw new EngineError('invalid_argument', `invalid port: "${word}": invalid proto: ${protocol}`)
  }
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`)
}
