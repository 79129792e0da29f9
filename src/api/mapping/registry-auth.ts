import type { RegistryAuth } from '#registry/types.ts'
import { decodeRequest } from '#wire/decode.ts'
import { AuthConfig } from '#wire/system.ts'

/**
 * Reads `X-Registry-Auth`: JSON in base64url or standard base64, padded or not.
 * What cannot be read counts as no credentials, as in Docker.
 */
export function parseRegistryAuth(
  header: string | readonly string[] | undefined,
): RegistryAuth | undefined {
  if (typeof header !== 'string' || header === '') return undefined
  try {
    // Node's decoder takes both alphabets and ignores padding.
    const value: unknown = JSON.parse(Buffer.from(header, 'base64').toString('utf8'))
    return toRegistryAuth(decodeRequest(AuthConfig, value))
  } catch {
    return undefined
  }
}

/** The credentials in an auth object; undefined when it has none. */
export function toRegistryAuth(config: AuthConfig): RegistryAuth | undefined {
  if (config.identitytoken) return { type: 'identityToken', token: config.identitytoken }
  if (config.registrytoken) return { type: 'registryToken', token: config.registrytoken }
  if (config.username) {
    return { type: 'basic', username: config.username, password: config.password ?? '' }
  }
  if (config.auth) return parseBasic(config.auth)
  return undefined
}

function parseBasic(auth: string): RegistryAuth | undefined {
  const text = Buffer.from(auth, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) return undefined
  return { type: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) }
}
