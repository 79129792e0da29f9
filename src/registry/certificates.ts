/**
 * Certificates of one registry: `<directory>/<host[:port]>/` holds `*.crt`, authorities to trust
 * besides the machine's, and pairs `*.cert` and `*.key`, to show to it. As Docker reads them.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { EngineError, errnoOf } from '#base/errors.ts'

export interface HostCertificates {
  readonly authorities: readonly string[]
  readonly clients: readonly { readonly certificate: string; readonly key: string }[]
  /** Another one when a file changed. */
  readonly version: string
}

export interface CertificateFiles {
  readonly paths: readonly string[]
  readonly version: string
}

/** Which files there are for `host` (`host[:port]` of an https URL), in any of the directories. */
export function findCertificateFiles(
  directories: readonly string[],
  host: string,
): CertificateFiles {
  // A name is one path component: never a way out of the directory.
  const isName = host !== '.' && host !== '..' && !/[/\0]/.test(host)
  const hasPort = /:\d+$/.test(host)
  const names = isName ? [host, ...(hasPort ? [] : [`${host}:443`])] : []
  const places = directories.flatMap((directory) => names.map((name) => join(directory, name)))
  const paths = places.flatMap((place) =>
    namesIn(place)
      .filter((name) => /\.(crt|cert|key)$/.test(name))
      .map((name) => join(place, name)),
  )
  return { paths, version: paths.map(describe).join('\n') }
}

/** @throws EngineError failed_precondition for a key or a certificate without the other */
export function readCertificates({ paths, version }: CertificateFiles): HostCertificates {
  const ending = (suffix: string) => paths.filter((path) => path.endsWith(suffix))
  const clients = ending('.cert').map((path) => {
    const keyPath = path.replace(/\.cert$/, '.key')
    if (paths.includes(keyPath)) return { certificate: read(path), key: read(keyPath) }
    throw new EngineError(
      'failed_precondition',
      `missing key ${keyPath} for client certificate ${path}. CA certificates must use the extension .crt`,
    )
  })
  for (const path of ending('.key')) {
    const certificate = path.replace(/\.key$/, '.cert')
    if (paths.includes(certificate)) continue
    const message = `missing client certificate ${certificate} for key ${path}`
    throw new EngineError('failed_precondition', message)
  }
  return { authorities: ending('.crt').map(read), clients, version }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes(errnoOf(error) ?? '')) return []
    throw refusal('read', directory, error)
  }
}

function describe(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false })
  return `${path} ${stats?.ino} ${stats?.mtimeMs} ${stats?.size}`
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw refusal('open', path, error)
  }
}

function refusal(action: string, path: string, cause: unknown): EngineError {
  const detail = errnoOf(cause) ?? 'failed'
  return new EngineError('failed_precondition', `${action} certificate "${path}": ${detail}`, {
    cause,
  })
}
