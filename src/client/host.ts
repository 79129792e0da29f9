import { EngineError } from '#base/errors.ts'

/** Where an engine listens, as `-H` and `DOCKER_HOST` spell it. */
export type Endpoint =
  | { readonly type: 'unix'; readonly path: string }
  | {
      readonly type: 'tcp'
      readonly hostname: string
      readonly port: number
      /** Path below which the API is served: `/` unless the host text has one. */
      readonly basePath: string
    }

const defaultTcpPort = 2375

/**
 * Reads `unix:///path`, `tcp://host[:port][/path]`, `http(s)://…`.
 * @throws EngineError invalid_argument for other schemes and malformed text
 */
export function parseHost(text: string): Endpoint {
  const [scheme, rest] = splitScheme(text)
  switch (scheme) {
    case 'unix':
      if (!rest.startsWith('/')) throw malformed(text, 'the socket path must be absolute')
      return { type: 'unix', path: rest }
    case 'tcp':
    case 'http':
    case 'https':
      return parseTcp(text, rest)
    default:
      throw malformed(text, `unsupported protocol "${scheme}"`)
  }
}

function splitScheme(text: string): [string, string] {
  const at = text.indexOf('://')
  if (at === -1) throw malformed(text, 'expected PROTOCOL://ADDRESS')
  return [text.slice(0, at), text.slice(at + 3)]
}

function parseTcp(text: string, rest: string): Endpoint {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^/:[\]]*)(?::(\d+))?(\/.*)?$/.exec(rest)
  const port = Number(match?.[2] ?? defaultTcpPort)
  if (!match || port > 65535) throw malformed(text, 'expected HOST[:PORT]')
  const hostname = (match[1] ?? '').replace(/^\[|\]$/g, '')
  return {
    type: 'tcp',
    hostname: hostname === '' ? '127.0.0.1' : hostname,
    port,
    basePath: (match[3] ?? '').replace(/\/+$/, ''),
  }
}

function malformed(text: string, detail: string): EngineError {
  return new EngineError('invalid_argument', `unable to parse docker host "${text}": ${detail}`)
}
