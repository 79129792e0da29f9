import type { IncomingMessage } from 'node:http'
import type { Logger } from '#base/log.ts'
import type { Engine } from '#engine/types.ts'
import { type Answer, empty, json } from '#api/answer.ts'
import { refuseWebPage } from '#api/browser.ts'
import type { ApiOptions } from '#api/call.ts'
import type { SummaryCache } from '#api/mapping/container-summary.ts'
import type { MatchedRoute, MatchRoute } from '#api/route.ts'
import { toFailure } from '#api/status.ts'
import { checkVersion, decodeParams, parseTarget, type RequestTarget } from '#api/target.ts'
import type { ErrorBody } from '#wire/error.ts'
import { isApiVersionAtLeast } from '#wire/versions.ts'

export interface DispatchContext {
  readonly engine: Engine
  readonly options: ApiOptions
  readonly match: MatchRoute
  readonly summaries: SummaryCache
  readonly log: Logger
}

export interface Delivery {
  readonly signal: AbortSignal
  readonly isUpgrade: boolean
}

/** One request becomes one answer; whatever a handler throws becomes Docker's error body. */
export async function dispatch(
  context: DispatchContext,
  request: IncomingMessage,
  delivery: Delivery,
): Promise<Answer> {
  const method = request.method ?? 'GET'
  const log = context.log.child({ method, url: request.url })
  try {
    refuseWebPage(request)
    if (method === 'OPTIONS') return empty(200)
    const target = parseTarget(request.url ?? '/')
    const matched = findRoute(context, method, target)
    if (!matched) return json({ message: 'page not found' } satisfies ErrorBody, 404)
    checkVersion(target.version, context.options.minApiVersion)
    log.debug({}, 'request')
    return await matched.route.handler({
      engine: context.engine,
      options: context.options,
      summaries: context.summaries,
      request,
      params: decodeParams(matched.params),
      query: target.query,
      version: target.version,
      isUpgrade: delivery.isUpgrade,
      log,
      signal: delivery.signal,
    })
  } catch (error) {
    return failureAnswer(error, log)
  }
}

/** The route of a request, whatever its handler will say; undefined = page not found. */
export function findRoute(
  context: DispatchContext,
  method: string,
  target: RequestTarget,
): MatchedRoute | undefined {
  const matched = context.match(method, target.path)
  const since = matched?.route.since
  if (since !== undefined && !isApiVersionAtLeast(target.version, since)) return undefined
  return matched
}

function failureAnswer(error: unknown, log: Logger): Answer {
  const { status, message } = toFailure(error)
  if (status >= 500 && status !== 501) log.error({ status, err: error }, 'request failed')
  else log.debug({ status, message }, 'request refused')
  return status === 304 ? empty(304) : json({ message } satisfies ErrorBody, status)
}
