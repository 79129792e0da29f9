import { readFileSync, statSync } from 'node:fs'
import { EngineError, errnoOf } from '#base/errors.ts'
import type { ErrorKind } from '#base/errors.ts'
import type { Endpoint } from '#client/host.ts'

const kindOfStatus: Readonly<Record<number, ErrorKind>> = {
  304: 'not_modified',
  400: 'invalid_argument',
  401: 'unauthenticated',
  403: 'permission_denied',
  404: 'not_found',
  409: 'conflict',
  429: 'resource_exhausted',
  501: 'not_implemented',
  503: 'unavailable',
}

const refusals = new WeakSet<object>()

/** A refusal of the engine: its message, with the kind its status stands for. */
export function errorOfReply(status: number, body: string): EngineError {
  const message = messageOf(body) ?? `the engine answered ${status}`
  const error = new EngineError(kindOfStatus[status] ?? 'internal', message)
  refusals.add(error)
  return error
}

/** True for an error that the engine answered, false for one that arose on this side. */
export function isRefusal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && refusals.has(error)
}

/** The `message` of Docker's error body, or the text itself when it is not JSON. */
function messageOf(body: string): string | undefined {
  const text = body.trim()
  if (text === '') return undefined
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) {
      return String(parsed.message)
    }
  } catch {
    return text
  }
  return text
}

/** Who may use the socket, by the group that owns it. */
function hintOf(endpoint: Endpoint): string {
  const group = endpoint.type === 'unix' ? groupOf(endpoint.path) : undefined
  if (group === 'root') return 'the socket is for root alone: use sudo'
  return `join the socket's group: sudo usermod -aG ${group ?? 'docker'} $USER, then log in again`
}

function groupOf(path: string): string | undefined {
  try {
    const id = String(statSync(path).gid)
    const lines = readFileSync('/etc/group', 'utf8').split('\n')
    return lines.map((line) => line.split(':')).find((fields) => fields[2] === id)?.[0]
  } catch {
    return undefined
  }
}

/** A failure to reach the engine, in Docker's words; `errno` tells it from a refusal by the engine. */
export function errorOfConnection(error: unknown, endpoint: Endpoint): EngineError {
  const address = formatEndpoint(endpoint)
  const errno = errnoOf(error)
  const options = { cause: error, ...(errno === undefined ? {} : { errno }) }
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return new EngineError(
        'permission_denied',
        `permission denied while trying to connect to the Gantry daemon socket at ${address}`,
        {
          ...options,
          hint: hintOf(endpoint),
        },
      )
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new EngineError(
        'unavailable',
        `Cannot connect to the Gantry daemon at ${address}. Is the gantryd daemon running?`,
        options,
      )
    case 'ECONNRESET':
    case 'EPIPE':
      // Each runtime has words of its own for it.
      return new EngineError(
        'unavailable',
        `error during connect: ${address} closed the connection without an answer`,
        options,
      )
    default:
      return new EngineError(
        'unavailable',
        `error during connect: ${error instanceof Error ? error.message : String(error)}`,
        options,
      )
  }
}

export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.type === 'unix') return `unix://${endpoint.path}`
  const host = endpoint.hostname.includes(':') ? `[${endpoint.hostname}]` : endpoint.hostname
  return `tcp://${host}:${endpoint.port}${endpoint.basePath}`
}
