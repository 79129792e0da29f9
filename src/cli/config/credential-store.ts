/** `login` and `logout` change what the configuration keeps: Docker's `config.json` or a helper. */
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { EngineError, errnoOf, errorMessage } from '#base/errors.ts'
import { eraseFromHelper, tellHelper } from '#cli/config/credential-helper.ts'
import { helperFor, hostOf } from '#cli/config/credentials.ts'
import { configPath, type Settings } from '#cli/config/settings.ts'
import type { AuthConfig } from '#wire/system.ts'

/** @returns true when the credentials lie readable in the configuration file */
export async function storeCredentials(
  settings: Settings,
  server: string,
  auth: AuthConfig,
): Promise<boolean> {
  const helper = helperFor(settings.file, server)
  if (helper !== undefined) await tellHelper(helper, server, auth)
  changeAuths(settings, (auths) => {
    auths[server] = helper === undefined ? fileEntry(auth) : {}
  })
  return helper === undefined
}

/** @returns false when there was nothing to forget */
export async function eraseCredentials(settings: Settings, server: string): Promise<boolean> {
  const helper = helperFor(settings.file, server)
  const keys = Object.keys(settings.file.auths ?? {}).filter(
    (key) => hostOf(key) === hostOf(server),
  )
  if (helper !== undefined) await eraseFromHelper(helper, server)
  if (keys.length === 0) return helper !== undefined
  changeAuths(settings, (auths) => {
    for (const key of keys) delete auths[key]
  })
  return true
}

/** As Docker writes it: a token replaces the password. */
function fileEntry({ identitytoken, password, username }: AuthConfig): Record<string, string> {
  const secret = identitytoken ? '' : (password ?? '')
  const auth = Buffer.from(`${username ?? ''}:${secret}`).toString('base64')
  return { auth, ...(identitytoken ? { identitytoken } : {}) }
}

/** Rewrites `auths` and leaves every other key of the file as it is. */
function changeAuths(settings: Settings, change: (auths: Record<string, object>) => void): void {
  const path = configPath(settings)
  try {
    mkdirSync(settings.directory, { recursive: true, mode: 0o700 })
    const target = realPath(path)
    const config: Record<string, unknown> = JSON.parse(readText(target) || '{}')
    const auths: Record<string, object> = { ...settings.file.auths }
    change(auths)
    const partial = `${target}.partial-${process.pid}`
    writeFileSync(partial, `${JSON.stringify({ ...config, auths }, undefined, '\t')}\n`)
    chmodSync(partial, 0o600)
    renameSync(partial, target)
  } catch (error) {
    const message = `error saving credentials: write "${path}": ${errorMessage(error)}`
    throw new EngineError('internal', message, { cause: error })
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return ''
    throw error
  }
}

/** Where the file really is: people keep it as a link. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return `${realpathSync(dirname(path))}/config.json`
    throw error
  }
}
