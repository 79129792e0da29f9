import { EngineError } from '#base/errors.ts'

/** An address of `--host`. */
export type Endpoint =
  | { readonly type: 'unix'; readonly path: string }
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  /** Sockets that systemd opened; one of them by number, or all. */
  | { readonly type: 'inherited'; readonly fd: number | undefined }

/** @throws EngineError invalid_argument */
export function parseEndpoint(text: string, defaultTcpPort: number): Endpoint {
  const match = /^(unix|tcp|fd):\/\/(.*)$/.exec(text)
  const rest = match?.[2] ?? ''
  switch (match?.[1]) {
    case 'unix':
      return { type: 'unix', path: rest === '' ? '/run/gantry/gantry.sock' : absolute(rest, text) }
    case 'tcp':
      return parseTcp(rest, text, defaultTcpPort)
    case 'fd':
      return parseInherited(rest, text)
    default:
      throw invalid(text, 'want unix://path, tcp://host:port or fd://')
  }
}

function absolute(path: string, text: string): string {
  if (!path.startsWith('/')) throw invalid(text, 'the path of a socket is absolute')
  return path
}

function parseTcp(rest: string, text: string, defaultPort: number): Endpoint {
  const match = /^(\[[^\]]+\]|[^:/]*)(?::(\d{1,5}))?$/.exec(rest)
  const port = match?.[2] === undefined ? defaultPort : Number(match[2])
  if (!match || port > 65_535) throw invalid(text, 'want tcp://host:port')
  const host = (match[1] ?? '').replace(/^\[|\]$/g, '')
  return { type: 'tcp', host: host === '' ? '127.0.0.1' : host, port }
}

function parseInherited(rest: string, text: string): Endpoint {
  if (rest === '' || rest === '*') return { type: 'inherited', fd: undefined }
  if (!/^\d+$/.test(rest)) throw invalid(text, 'want fd:// or fd://3')
  return { type: 'inherited', fd: Number(rest) }
}

function invalid(text: string, detail: string): EngineError {
  return new EngineError('invalid_argument', `invalid host "${text}": ${detail}`)
}

/**
 * Descriptors that systemd passed (sd_listen_fds(3)): from 3 on, `LISTEN_FDS` many, if `LISTEN_PID` is us.
 */
export function inheritedFds(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): readonly number[] {
  if (Number(environment['LISTEN_PID']) !== pid) return []
  const count = Number(environment['LISTEN_FDS'] ?? 0)
  return Array.from({ length: Number.isInteger(count) ? count : 0 }, (_, index) => 3 + index)
}
