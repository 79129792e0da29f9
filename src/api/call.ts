import type { IncomingMessage } from 'node:http'
import { EngineError } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import type { Engine } from '#engine/types.ts'
import type { SummaryCache } from '#api/mapping/container-summary.ts'
import { isApiVersionAtLeast } from '#wire/versions.ts'
import { parseQueryBool } from '#wire/bool.ts'

/** What the API tells about itself and needs from the daemon. */
export interface ApiOptions {
  /** Product version, shown by /version and the Server header. */
  readonly engineVersion: string
  /** Requests for older API versions are refused. */
  readonly minApiVersion: string
  readonly isDebug: boolean
}

/** One request on its way to its handler. */
export interface Call {
  readonly engine: Engine
  readonly options: ApiOptions
  readonly summaries: SummaryCache
  readonly request: IncomingMessage
  /** Path parameters by name, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** API version of the path, the newest for un-prefixed paths. */
  readonly version: string
  /** True when the client asked for `Upgrade`: a hijack answers 101 instead of 200. */
  readonly isUpgrade: boolean
  readonly log: Logger
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal
}

/** A path parameter that the route's pattern names. */
export function pathParam(call: Call, name: string): string {
  return call.params[name] ?? ''
}

/** An optional query value; an empty one counts as absent. */
export function queryText(call: Call, name: string): string | undefined {
  const value = call.query.get(name)
  return value === null || value === '' ? undefined : value
}

export function queryBool(call: Call, name: string): boolean {
  return parseQueryBool(call.query.get(name))
}

export function isSince(call: Call, version: string): boolean {
  return isApiVersionAtLeast(call.version, version)
}

/** A whole number, when the client gave one. @throws EngineError invalid_argument */
export function queryInteger(call: Call, name: string): number | undefined {
  const text = queryText(call, name)
  if (text === undefined) return undefined
  if (!/^-?\d{1,15}$/.test(text)) {
    throw new EngineError('invalid_argument', `invalid query parameter ${name}: "${text}"`)
  }
  return Number(text)
}
