import { askHelper } from '#cli/config/credential-helper.ts'
import type { ConfigFile, StoredAuth } from '#cli/config/settings.ts'
import { parseReference } from '#oci/reference.ts'
import type { AuthConfig } from '#wire/system.ts'

/** The key under which Docker keeps the credentials of docker.io. */
export const dockerHubKey = 'https://index.docker.io/v1/'

/**
 * The value of `X-Registry-Auth` for the registry of `reference`, from the
 * configuration's `credHelpers`, `credsStore` and `auths`; undefined without credentials.
 */
export async function registryAuthHeader(
  file: ConfigFile,
  reference: string,
): Promise<string | undefined> {
  const server = serverKey(parseReference(reference).registry)
  const auth = await findCredentials(file, server)
  if (!auth) return undefined
  return Buffer.from(JSON.stringify({ ...auth, serveraddress: server })).toString('base64url')
}

/** The key of a registry's credentials: its host, except for docker.io. */
export function serverKey(registry: string): string {
  const isHub = ['docker.io', 'index.docker.io', 'registry-1.docker.io'].includes(registry)
  return isHub ? dockerHubKey : registry
}

/** Host and port of `https://host:port/path`; the key of docker.io stays as it is. */
export function serverOf(address: string): string {
  return address === dockerHubKey ? address : serverKey(hostOf(address))
}

export async function findCredentials(
  file: ConfigFile,
  server: string,
): Promise<AuthConfig | undefined> {
  const helper = helperFor(file, server)
  return helper === undefined ? storedAuth(file.auths, server) : await askHelper(helper, server)
}

/** The helper program's name that keeps the credentials of `server`, if one does. */
export function helperFor(file: ConfigFile, server: string): string | undefined {
  const helper = file.credHelpers?.[hostOf(server)] ?? file.credHelpers?.[server] ?? file.credsStore
  return helper === '' ? undefined : helper
}

function storedAuth(auths: ConfigFile['auths'], server: string): AuthConfig | undefined {
  const found = Object.entries(auths ?? {}).find(([key]) => hostOf(key) === hostOf(server))
  return found ? decodeAuth(found[1]) : undefined
}

/** Entries are keyed by host, with or without protocol and path. */
export function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, '').split('/')[0] ?? ''
}

function decodeAuth(stored: StoredAuth): AuthConfig | undefined {
  const { auth = '', identitytoken, registrytoken } = stored
  const text = Buffer.from(auth, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  const username = stored.username ?? (colon === -1 ? undefined : text.slice(0, colon))
  const password = stored.password ?? (colon === -1 ? undefined : text.slice(colon + 1))
  if (username === undefined && identitytoken === undefined && registrytoken === undefined) {
    return undefined
  }
  return { username, password, identitytoken, registrytoken }
}
