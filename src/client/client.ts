import { buildsOver } from '#client/build.ts'
import type { BuildsClient } from '#client/build.ts'
import { callsOver } from '#client/calls.ts'
import { containersOver } from '#client/containers.ts'
import type { ContainersClient } from '#client/containers.ts'
import { execsOver } from '#client/execs.ts'
import type { ExecsClient } from '#client/execs.ts'
import { parseHost } from '#client/host.ts'
import type { Endpoint } from '#client/host.ts'
import { imagesOver } from '#client/images.ts'
import type { ImagesClient } from '#client/images.ts'
import { networksOver } from '#client/networks.ts'
import type { NetworksClient } from '#client/networks.ts'
import { systemOver } from '#client/system.ts'
import type { SystemClient } from '#client/system.ts'
import { openTransport } from '#client/transport.ts'
import type { TlsOptions } from '#client/requests.ts'
import type { Transport } from '#client/transport.ts'
import { volumesOver } from '#client/volumes.ts'
import type { VolumesClient } from '#client/volumes.ts'

export interface ClientOptions {
  /** `unix:///path` or `tcp://host:port`. */
  readonly host: string
  /** Present: the connection is TLS. */
  readonly tls?: TlsOptions | undefined
  /** `1.47`; without it the engine's newest version answers, and no round trip negotiates one. */
  readonly apiVersion?: string | undefined
  /** Added to every request (`HttpHeaders` of a client configuration). */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Opens the way to the engine at the first request, when `host` cannot be dialled directly. */
  readonly locate?: (() => Promise<Endpoint>) | undefined
  /** Asked once when nothing listens; true sends the request again. */
  readonly whenUnreachable?: (() => Promise<boolean>) | undefined
}

/**
 * The Docker Engine API by noun. Every method is one request; ids are full ids,
 * unique prefixes or names. Methods throw EngineError with the engine's message:
 * `not_found`, `conflict`, `invalid_argument`, …; `unavailable` with an `errno` when no engine answers.
 * A last `signal` argument ends a call that waits.
 */
export interface Client extends Disposable {
  readonly builds: BuildsClient
  readonly containers: ContainersClient
  readonly execs: ExecsClient
  readonly images: ImagesClient
  readonly networks: NetworksClient
  readonly volumes: VolumesClient
  readonly system: SystemClient
  /** For requests that the nouns do not cover. */
  readonly transport: Transport
}

/**
 * Prepares a client; the first call connects. `using` closes idle connections.
 * @throws EngineError invalid_argument for a host text it cannot read
 */
export function openClient(options: ClientOptions): Client {
  const transport = openTransport({
    ...options,
    endpoint: options.locate ?? parseHost(options.host),
  })
  const calls = callsOver(transport)
  return {
    builds: buildsOver(calls, transport),
    containers: containersOver(calls, transport),
    execs: execsOver(calls, transport),
    images: imagesOver(calls, transport),
    networks: networksOver(calls),
    volumes: volumesOver(calls),
    system: systemOver(calls, transport),
    transport,
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  }
}
