import { EngineError } from '#base/errors.ts'
import { compareApiVersions, newestApiVersion } from '#wire/versions.ts'

/** A request URL taken apart: `/v1.43/containers/json?all=1`. */
export interface RequestTarget {
  readonly version: string
  /** Path below the prefix, percent-decoding left to the route's parameters. */
  readonly path: string
  readonly query: URLSearchParams
}

/** Splits a URL; an un-prefixed path means the newest version. Versions are not judged here. */
export function parseTarget(url: string): RequestTarget {
  const mark = url.indexOf('?')
  const fullPath = mark < 0 ? url : url.slice(0, mark)
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
  const match = /^\/v([0-9.]+)(\/.*)$/.exec(fullPath)
  return {
    version: match?.[1] ?? newestApiVersion,
    path: match?.[2] ?? fullPath,
    query,
  }
}

/** @throws EngineError invalid_argument with Docker's texts */
export function checkVersion(version: string, minimum: string): void {
  if (compareApiVersions(version, minimum) < 0) {
    throw new EngineError(
      'invalid_argument',
      `client version ${version} is too old. Minimum supported API version is ${minimum}, ` +
        'please upgrade your client to a newer version',
    )
  }
  if (compareApiVersions(version, newestApiVersion) > 0) {
    throw new EngineError(
      'invalid_argument',
      `client version ${version} is too new. Maximum supported API version is ${newestApiVersion}`,
    )
  }
}

/** @throws EngineError invalid_argument for broken percent-encoding */
export function decodeParams(
  params: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  try {
    return Object.fromEntries(
      Object.entries(params).map(([name, value]) => [name, decodeURIComponent(value)]),
    )
  } catch (error) {
    throw new EngineError('invalid_argument', 'parse request path: invalid percent-encoding', {
      cause: error,
    })
  }
}
