import { readFileSync } from 'node:fs'
import { EngineError, errorKind, errorMessage } from '#base/errors.ts'
import { readContext } from '#cli/config/contexts.ts'
import type { Settings } from '#cli/config/settings.ts'
import type { TlsOptions } from '#client/requests.ts'

/** Where the engine listens unless told otherwise. */
export const defaultHost = 'unix:///run/gantry/gantry.sock'

const defaultContext = 'default'

/** The global flags about the connection. */
export interface ConnectionFlags {
  readonly hosts: readonly string[]
  readonly context: string
  readonly tls: boolean
  readonly tlsVerify: boolean
  readonly tlsCaPath: string
  readonly tlsCertPath: string
  readonly tlsKeyPath: string
}

export interface Connection {
  readonly host: string
  readonly tls?: TlsOptions | undefined
  /** The context's name; `default` when none was chosen. */
  readonly context: string
  /** Nobody chose it: the engine may be started when it does not answer. */
  readonly isDefault: boolean
}

/**
 * Chooses the engine as Docker does: `--host`, `--context`, `DOCKER_HOST`,
 * `DOCKER_CONTEXT`, the configuration's `currentContext`, the default socket.
 * @throws EngineError invalid_argument, not_found for a context that is not there
 */
export function chooseConnection(flags: ConnectionFlags, settings: Settings): Connection {
  try {
    return choose(flags, settings)
  } catch (error) {
    const message = `Failed to initialize: unable to resolve docker endpoint: ${errorMessage(error)}`
    throw new EngineError(errorKind(error), message, { cause: error })
  }
}

function choose(flags: ConnectionFlags, settings: Settings): Connection {
  if (flags.hosts.length > 1) {
    throw new EngineError('invalid_argument', 'Specify only one -H')
  }
  const [flagHost] = flags.hosts
  if (flagHost !== undefined && flags.context !== '') {
    const message = 'conflicting options: cannot specify both --host and --context'
    throw new EngineError('invalid_argument', message)
  }
  const { variables } = settings
  // The context "default" is whatever the environment says.
  const isFree = flags.context === '' || flags.context === defaultContext
  const host = flagHost ?? (isFree ? nonEmpty(variables['DOCKER_HOST']) : undefined)
  if (host !== undefined) {
    const tls = chooseTls(flags, settings, host)
    return { host: completeHost(host), tls, context: defaultContext, isDefault: false }
  }
  const context =
    nonEmpty(flags.context) ?? nonEmpty(variables['DOCKER_CONTEXT']) ?? settings.file.currentContext
  if (context !== undefined && context !== '' && context !== defaultContext) {
    return { ...readContext(settings.directory, context), context, isDefault: false }
  }
  return { host: defaultHost, context: defaultContext, isDefault: true }
}

/** `-H /run/x.sock` and `-H host:2375` get their protocol. */
function completeHost(host: string): string {
  if (host.includes('://')) return host
  return host.startsWith('/') ? `unix://${host}` : `tcp://${host}`
}

function chooseTls(
  flags: ConnectionFlags,
  settings: Settings,
  host: string,
): TlsOptions | undefined {
  const { variables, directory } = settings
  const verifies = flags.tlsVerify || nonEmpty(variables['DOCKER_TLS_VERIFY']) !== undefined
  const isTls = verifies || flags.tls || nonEmpty(variables['DOCKER_TLS']) !== undefined
  if (!isTls || /^(unix|ssh):/.test(host) || host.startsWith('/')) return undefined
  const folder = nonEmpty(variables['DOCKER_CERT_PATH']) ?? directory
  return {
    verifiesServer: verifies,
    ...pem('ca', nonEmpty(flags.tlsCaPath), `${folder}/ca.pem`),
    ...pem('cert', nonEmpty(flags.tlsCertPath), `${folder}/cert.pem`),
    ...pem('key', nonEmpty(flags.tlsKeyPath), `${folder}/key.pem`),
  }
}

/** A file that was named must be there; one at the usual place may be missing. */
function pem(
  field: 'ca' | 'cert' | 'key',
  named: string | undefined,
  usual: string,
): { readonly [key: string]: string } {
  try {
    return { [field]: readFileSync(named ?? usual, 'utf8') }
  } catch (error) {
    if (named === undefined) return {}
    const message = `could not read TLS file "${named}"`
    throw new EngineError('invalid_argument', message, { cause: error })
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
