import { filtersQuery } from '#client/calls.ts'
import type { Calls, ListOptions } from '#client/calls.ts'
import type { Transport } from '#client/transport.ts'
import type { EventMessage } from '#wire/events.ts'
import type { AuthConfig, AuthResponse, Info, Version } from '#wire/system.ts'
import { fullestApiVersion } from '#wire/versions.ts'

export interface EventsOptions extends ListOptions {
  /** `seconds[.nanoseconds]` since the epoch. */
  readonly since?: string | undefined
  readonly until?: string | undefined
}

export interface SystemClient {
  /** The engine's newest API version, from the headers of `HEAD /_ping`. */
  ping(signal?: AbortSignal): Promise<{ readonly apiVersion: string | undefined }>
  version(): Promise<Version>
  info(): Promise<Info>
  /** Asks the registry `serveraddress` whether the credentials are good. @throws EngineError unauthenticated */
  login(auth: AuthConfig, signal?: AbortSignal): Promise<AuthResponse>
  /** Events that happened since `since` (the engine keeps 256), then new ones. */
  events(options?: EventsOptions, signal?: AbortSignal): Promise<AsyncIterable<EventMessage>>
}

export function systemOver(calls: Calls, transport: Transport): SystemClient {
  return {
    ping: async (signal) => {
      const reply = await transport.request({ method: 'HEAD', path: '/_ping', signal })
      await reply.text()
      return { apiVersion: reply.header('api-version') }
    },
    version: () => calls.json({ method: 'GET', path: '/version' }),
    info: () => calls.json({ method: 'GET', path: '/info' }),
    login: (auth, signal) => calls.json({ method: 'POST', path: '/auth', body: auth, signal }),
    events: ({ since, until, filters } = {}, signal) =>
      calls.lines({
        method: 'GET',
        path: '/events',
        query: { since, until, filters: filtersQuery(filters) },
        apiVersion: fullestApiVersion,
        signal,
      }),
  }
}
