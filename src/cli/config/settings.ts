import { readFileSync } from 'node:fs'
import { errnoOf, errorMessage } from '#base/errors.ts'

/** The environment's variables. */
export type Variables = Readonly<Record<string, string | undefined>>

/** The keys of Docker's `config.json` that are read. */
export interface ConfigFile {
  readonly auths?: Readonly<Record<string, StoredAuth>>
  readonly credsStore?: string
  readonly credHelpers?: Readonly<Record<string, string>>
  readonly HttpHeaders?: Readonly<Record<string, string>>
  readonly detachKeys?: string
  readonly currentContext?: string
  readonly psFormat?: string
  readonly imagesFormat?: string
  readonly networksFormat?: string
  readonly volumesFormat?: string
}

export interface StoredAuth {
  /** base64 of `user:password`. */
  readonly auth?: string
  readonly username?: string
  readonly password?: string
  readonly identitytoken?: string
  readonly registrytoken?: string
}

/** What the environment and the configuration directory say; values given as flags come first. */
export interface Settings {
  readonly variables: Variables
  /** `~/.docker`, `DOCKER_CONFIG` or `--config`. */
  readonly directory: string
  /** Read at first use; empty, and told so, when it cannot be read. */
  readonly file: ConfigFile
}

/** Of the configuration file. */
export function configPath(settings: Settings): string {
  return `${settings.directory}/config.json`
}

export interface SettingsOptions {
  /** `--config`. */
  readonly directory?: string | undefined
  /** Takes the line that tells of a configuration file that cannot be read. */
  readonly warn: (line: string) => void
}

export function readSettings(variables: Variables, { directory, warn }: SettingsOptions): Settings {
  const chosen = directory ?? variables['DOCKER_CONFIG'] ?? `${variables['HOME'] ?? ''}/.docker`
  let file: ConfigFile | undefined
  return {
    variables,
    directory: chosen,
    get file() {
      file ??= readConfigFile(`${chosen}/config.json`, warn)
      return file
    },
  }
}

function readConfigFile(path: string, warn: (line: string) => void): ConfigFile {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const errno = errnoOf(error)
    if (errno !== 'ENOENT' && errno !== 'ENOTDIR') {
      warn(`WARNING: Error loading config file: ${reasonOf(error, path)}\n`)
    }
    return {}
  }
  try {
    const parsed: ConfigFile | null = JSON.parse(text || '{}')
    return parsed ?? {}
  } catch (error) {
    warn(`WARNING: Error parsing config file (${path}): ${errorMessage(error)}\n`)
    return {}
  }
}

function reasonOf(error: unknown, path: string): string {
  return errnoOf(error) === 'EACCES' ? `open ${path}: permission denied` : errorMessage(error)
}
