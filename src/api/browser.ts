import type { IncomingMessage } from 'node:http'
import { EngineError } from '#base/errors.ts'

/**
 * A web page may send requests to any port that its browser reaches, the loopback's and those of a
 * name that turns to it included; browsers say so in these headers, and no client of the API sends
 * them. A unix socket is out of their reach: who speaks there may be a proxy that answers for itself.
 * @throws EngineError permission_denied
 */
export function refuseWebPage({ headers, socket }: IncomingMessage): void {
  if (socket.remoteAddress === undefined) return
  const site = headers['sec-fetch-site'] ?? 'none'
  if (headers.origin === undefined && site === 'none') return
  throw new EngineError('permission_denied', 'requests of web pages are refused')
}
