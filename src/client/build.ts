import { filtersQuery, segment } from '#client/calls.ts'
import type { Calls } from '#client/calls.ts'
import type { Transport } from '#client/transport.ts'
import type { BuildCacheRecord, BuildPruneResponse, BuildRecord } from '#wire/build.ts'
import { openClientPeer } from '#wire/build-peer.ts'
import type { Peer } from '#wire/build-peer.ts'
import type { ClientMessage, EngineMessage } from '#wire/build-session.ts'
import type { Filters } from '#wire/filters.ts'

/** One build: messages and channels both ways. Disposing it cancels what still runs. */
export interface BuildConnection extends Disposable {
  readonly peer: Peer<EngineMessage, ClientMessage>
}

export interface BuildPruneOptions {
  readonly all?: boolean | undefined
  readonly filters?: Filters | undefined
  /** Bytes; 0 is no limit. */
  readonly reservedBytes?: number | undefined
  readonly maxUsedBytes?: number | undefined
  readonly minFreeBytes?: number | undefined
}

export interface BuildsClient {
  connect(signal?: AbortSignal): Promise<BuildConnection>
  prune(options?: BuildPruneOptions): Promise<BuildPruneResponse>
  usage(): Promise<readonly BuildCacheRecord[]>
  list(): Promise<readonly BuildRecord[]>
  /** Takes an id or an unambiguous start of one. */
  inspect(id: string): Promise<BuildRecord>
  /** What the build said, as plain progress. */
  logs(id: string): Promise<AsyncIterable<Uint8Array>>
}

/** What of `GET /system/df` is about builds. */
interface CacheUsageReply {
  readonly BuildCache?: readonly BuildCacheRecord[] | null
}

export function buildsOver(calls: Calls, transport: Transport): BuildsClient {
  const path = (id: string) => `/gantry/builds/${segment(id)}`
  return {
    async connect(signal) {
      const hijack = await transport.hijack({ method: 'POST', path: '/gantry/build', signal })
      return {
        peer: openClientPeer({ input: hijack.output, write: (chunk) => hijack.write(chunk) }),
        [Symbol.dispose]: () => hijack[Symbol.dispose](),
      }
    },
    prune: ({ all, filters, reservedBytes, maxUsedBytes, minFreeBytes } = {}) =>
      calls.json({
        method: 'POST',
        path: '/build/prune',
        query: {
          all,
          filters: filtersQuery(filters),
          'reserved-space': reservedBytes,
          // What engines before API 1.48 know it by.
          'keep-storage': reservedBytes,
          'max-used-space': maxUsedBytes,
          'min-free-space': minFreeBytes,
        },
      }),
    usage: async () => {
      const query = { type: 'build-cache' }
      const usage = await calls.json<CacheUsageReply>({ method: 'GET', path: '/system/df', query })
      return usage.BuildCache ?? []
    },
    list: () => calls.json({ method: 'GET', path: '/gantry/builds' }),
    inspect: (id) => calls.json({ method: 'GET', path: path(id) }),
    logs: async (id) => (await transport.request({ method: 'GET', path: `${path(id)}/logs` })).body,
  }
}
