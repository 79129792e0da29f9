import { existsSync, readFileSync } from 'node:fs'
import { EngineError, errorMessage } from '#base/errors.ts'

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
  /** Read at first use. @throws EngineError invalid_argument when it is not JSON */
  readonly file: ConfigFile
}

/** Of the configuration file. */
export function configPath(settings: Settings): string {
  return `${settings.directory}/config.json`
}

export function readSettings(variables: Variables, directory?: string): Settings {
  const chosen = directory ?? variables['DOCKER_CONFIG'] ?? `${variables['HOME'] ?? ''}/.docker`
  let file: ConfigFile | undefined
  return {
    variables,
    directory: chosen,
    get file() {
      file ??= readConfigFile(`${chosen}/config.json`)
      return file
    },
  }
}

function readConfigFile(path: string): ConfigFile {
  if (!existsSync(path)) return {}
  try {
    const parsed: ConfigFile | null = JSON.parse(readFileSync(path, 'utf8') || '{}')
    return parsed ?? {}
  } catch (error) {
    throw new EngineError('invalid_argument', `read "${path}": ${errorMessage(error)}`, {
      cause: error,
    })
  }
}
