/**
 * Connection pools: one that checks certificates, one that does not, and one for each registry with
 * certificates of its own. undici is loaded with the first request: an engine that never pulls
 * does not pay for it.
 */
import { getCACertificates } from 'node:tls'
import type { Agent } from 'undici'
import {
  type CertificateFiles,
  findCertificateFiles,
  readCertificates,
} from '#registry/certificates.ts'

export interface AgentOptions {
  readonly idleTimeoutMs: number
  /** Hosts (with port) whose certificate is not checked. */
  readonly isInsecure: (host: string) => boolean
  /** Where certificates of single registries are, see `certificates.ts`. */
  readonly certificateDirectories: readonly string[]
}

export interface Agents extends AsyncDisposable {
  /** The pool for requests to `url`. @throws EngineError for certificates that cannot be read */
  for(url: URL): Agent
}

interface OwnAgent {
  readonly version: string
  readonly agent: Agent
}

export async function openAgents(options: AgentOptions): Promise<Agents> {
  const { Agent: UndiciAgent } = await import('undici')
  const { idleTimeoutMs, isInsecure, certificateDirectories } = options
  const limits = { headersTimeout: idleTimeoutMs, bodyTimeout: idleTimeoutMs, allowH2: false }
  const timeout = Math.min(idleTimeoutMs, 15_000)
  const ca = [...getCACertificates('default'), ...getCACertificates('system')]
  const open = (connect: object) => new UndiciAgent({ ...limits, connect: { timeout, ...connect } })
  const verifying = open({ ca })
  const trusting = open({ rejectUnauthorized: false })
  const own = new Map<string, OwnAgent>()
  const openOwn = (host: string, files: CertificateFiles): OwnAgent => {
    const { authorities, clients, version } = readCertificates(files)
    const agent = open({
      ca: [...ca, ...authorities],
      rejectUnauthorized: !isInsecure(host),
      ...(clients.length === 0
        ? {}
        : {
            cert: clients.map(({ certificate }) => certificate),
            key: clients.map(({ key }) => key),
          }),
    })
    return { agent, version }
  }
  return {
    for(url) {
      const { host } = url
      const shared = isInsecure(host) ? trusting : verifying
      if (url.protocol !== 'https:') return shared
      const files = findCertificateFiles(certificateDirectories, host)
      const known = own.get(host)
      if (known && known.version === files.version) return known.agent
      own.delete(host)
      // What goes on there may end; nothing new begins.
      void known?.agent.close()
      if (files.paths.length === 0) return shared
      const opened = openOwn(host, files)
      own.set(host, opened)
      return opened.agent
    },
    async [Symbol.asyncDispose]() {
      const all = [verifying, trusting, ...[...own.values()].map(({ agent }) => agent)]
      await Promise.all(all.map((agent) => agent.destroy()))
    },
  }
}
