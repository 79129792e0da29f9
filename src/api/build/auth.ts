import type { RegistryAuth } from '#registry/types.ts'
import { toRegistryAuth } from '#api/mapping/registry-auth.ts'
import { decodeRequest } from '#wire/decode.ts'
import { record } from '#wire/schema.ts'
import { AuthConfig } from '#wire/system.ts'

/** Credentials by registry host. */
export type FindRegistryAuth = (registry: string) => RegistryAuth | undefined

const hubHosts = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io'])

/**
 * Reads `X-Registry-Config`: a JSON map of registry address to auth object, in base64url
 * or standard base64. What cannot be read counts as no credentials, as in Docker.
 */
export function parseRegistryConfig(
  header: string | readonly string[] | undefined,
): FindRegistryAuth {
  if (typeof header !== 'string' || header === '') return () => undefined
  try {
    return registryAuthFinder(JSON.parse(Buffer.from(header, 'base64').toString('utf8')))
  } catch {
    return () => undefined
  }
}

/** @throws EngineError invalid_argument for what is no map of auth objects */
export function registryAuthFinder(value: unknown): FindRegistryAuth {
  const byHost = new Map<string, RegistryAuth>()
  for (const [address, config] of Object.entries(decodeRequest(record(AuthConfig), value))) {
    const auth = toRegistryAuth(config)
    if (auth) byHost.set(hostOf(address), auth)
  }
  return (registry) => byHost.get(hostOf(registry))
}

/** `https://index.docker.io/v1/` → `docker.io`; others lose scheme and path. */
function hostOf(address: string): string {
  const host = address.replace(/^[a-z]+:\/\//, '').replace(/\/.*$/, '')
  return hubHosts.has(host) ? 'docker.io' : host
}
