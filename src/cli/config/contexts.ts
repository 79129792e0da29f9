import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { EngineError } from '#base/errors.ts'
import type { TlsOptions } from '#client/requests.ts'

interface ContextFile {
  readonly Endpoints?: {
    readonly docker?: { readonly Host?: string; readonly SkipTLSVerify?: boolean }
  }
}

/**
 * Reads one of Docker's contexts: `contexts/meta/<sha256 of the name>/meta.json`,
 * with PEM files under `contexts/tls/<same>/docker/`.
 * @throws EngineError not_found
 */
export function readContext(
  directory: string,
  name: string,
): { readonly host: string; readonly tls?: TlsOptions } {
  const id = createHash('sha256').update(name).digest('hex')
  const path = `${directory}/contexts/meta/${id}/meta.json`
  if (!existsSync(path)) {
    throw new EngineError(
      'not_found',
      `context "${name}": context not found: open ${path}: no such file or directory`,
    )
  }
  const file: ContextFile = JSON.parse(readFileSync(path, 'utf8'))
  const endpoint = file.Endpoints?.docker
  if (endpoint?.Host === undefined) {
    throw new EngineError('not_found', `context "${name}" has no docker endpoint`)
  }
  const tls = readTls(`${directory}/contexts/tls/${id}/docker`, endpoint.SkipTLSVerify ?? false)
  return { host: endpoint.Host, ...(tls ? { tls } : {}) }
}

function readTls(folder: string, skipsVerify: boolean): TlsOptions | undefined {
  if (!existsSync(folder)) return undefined
  const files = (['ca', 'cert', 'key'] as const).flatMap((field) => {
    const path = `${folder}/${field}.pem`
    return existsSync(path) ? [[field, readFileSync(path, 'utf8')]] : []
  })
  return { ...Object.fromEntries(files), verifiesServer: !skipsVerify }
}
