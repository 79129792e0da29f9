import { execFile } from 'node:child_process'
import type { ConfigFile, StoredAuth } from '#cli/config/settings.ts'
import { parseJson } from '#client/json.ts'
import { parseReference } from '#oci/reference.ts'
import type { AuthConfig } from '#wire/system.ts'

/** The key under which Docker keeps the credentials of docker.io. */
const dockerHubKey = 'https://index.docker.io/v1/'

/**
 * The value of `X-Registry-Auth` for the registry of `reference`, from the
 * configuration's `credHelpers`, `credsStore` and `auths`; undefined without credentials.
 */
export async function registryAuthHeader(
  file: ConfigFile,
  reference: string,
): Promise<string | undefined> {
  const { registry } = parseReference(reference)
  const server = registry === 'docker.io' ? dockerHubKey : registry
  const helper = file.credHelpers?.[registry] ?? file.credsStore
  const auth =
    helper === undefined || helper === ''
      ? storedAuth(file.auths, server)
      : await askHelper(helper, server)
  if (!auth) return undefined
  return Buffer.from(JSON.stringify({ ...auth, serveraddress: server })).toString('base64url')
}

function storedAuth(auths: ConfigFile['auths'], server: string): AuthConfig | undefined {
  const found = Object.entries(auths ?? {}).find(([key]) => hostOf(key) === hostOf(server))
  return found ? decodeAuth(found[1]) : undefined
}

/** Entries are keyed by host, with or without protocol and path. */
function hostOf(key: string): string {
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

interface HelperReply {
  readonly Username?: string
  readonly Secret?: string
}

/** Runs `docker-credential-<name> get`; a helper without an entry, or that is missing, has none. */
function askHelper(name: string, server: string): Promise<AuthConfig | undefined> {
  return new Promise((resolve) => {
    const child = execFile(`docker-credential-${name}`, ['get'], (error, stdout) => {
      if (error) return resolve(undefined)
      const { Username, Secret } = parseJson<HelperReply>(stdout)
      resolve(
        Username === '<token>'
          ? { identitytoken: Secret }
          : { username: Username, password: Secret },
      )
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(server)
  })
}
