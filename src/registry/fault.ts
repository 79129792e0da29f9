/** What a registry answered instead of success, and the Docker text for it. */
import { EngineError, type ErrorKind } from '#base/errors.ts'
import { familiarName, familiarRepository, type Reference } from '#oci/reference.ts'
import { parseChallenges } from '#registry/challenge.ts'
import type { HttpResponse } from '#registry/transport.ts'

/** The first entry of the distribution spec's error body, or what the status implies. */
export interface RegistryFault {
  readonly status: number
  /** Spec code in upper case (`MANIFEST_UNKNOWN`); empty when there is none. */
  readonly code: string
  readonly message: string
}

const maxFaultBytes = 64 * 1024

/** Reads a failed answer's body, at most 64 KiB of it. */
export async function readFault(response: HttpResponse): Promise<RegistryFault> {
  const { status } = response
  const body = await response.readAll(maxFaultBytes).catch(() => new Uint8Array())
  if (status >= 500) {
    return { status, code: '', message: `received unexpected HTTP status: ${response.statusLine}` }
  }
  const scope = scopeFault(response.header('www-authenticate'))
  if (scope) return { status, ...scope }
  const entry = firstEntry(body)
  if (entry) return { status, ...entry }
  if (status === 401) {
    return { status, code: 'UNAUTHORIZED', message: 'authentication required' }
  }
  return { status, code: '', message: `received unexpected HTTP status: ${response.statusLine}` }
}

/** The error that a pull from `reference` fails with. */
export function pullError(fault: RegistryFault, reference: Reference): EngineError {
  const detail = faultText(fault)
  switch (fault.code) {
    case 'DENIED': {
      const name = familiarRepository(reference)
      return new EngineError(
        'not_found',
        `pull access denied for ${name}, repository does not exist or may require 'docker login': ${detail}`,
      )
    }
    case 'MANIFEST_UNKNOWN':
      return new EngineError(
        'not_found',
        `manifest for ${familiarName(reference)} not found: ${detail}`,
      )
    case 'NAME_UNKNOWN':
      return new EngineError(
        'not_found',
        `repository ${familiarRepository(reference)} not found: ${detail}`,
      )
    default:
      return new EngineError(kindOfStatus(fault.status), detail)
  }
}

/** `manifest unknown: manifest unknown`: the code in words, then the message. */
export function faultText(fault: RegistryFault): string {
  if (fault.code === '') return fault.message
  return `${fault.code.toLowerCase().replaceAll('_', ' ')}: ${fault.message}`
}

/**
 * 401 becomes permission_denied: to Docker's CLI an API answer of 401 means "ask for a password",
 * which it does on its own terms.
 */
export function kindOfStatus(status: number): ErrorKind {
  if (status === 401 || status === 403) return 'permission_denied'
  if (status === 404) return 'not_found'
  if (status === 429 || status >= 500) return 'unavailable'
  return 'failed_precondition'
}

/** RFC 6750 §3.1: errors that a bearer challenge itself carries. */
function scopeFault(
  header: string | undefined,
): Pick<RegistryFault, 'code' | 'message'> | undefined {
  for (const { scheme, parameters } of parseChallenges(header)) {
    if (scheme !== 'bearer') continue
    const description = parameters['error_description'] ?? ''
    if (parameters['error'] === 'insufficient_scope') {
      const message = description || 'requested access to the resource is denied'
      return { code: 'DENIED', message }
    }
    if (parameters['error'] === 'invalid_token') {
      return { code: 'UNAUTHORIZED', message: description || 'authentication required' }
    }
  }
  return undefined
}

function firstEntry(body: Uint8Array): Pick<RegistryFault, 'code' | 'message'> | undefined {
  const json = parseLoosely(body)
  const errors = memberOf(json, 'errors')
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined
  const code = memberOf(first, 'code')
  if (typeof code === 'string') {
    const message = memberOf(first, 'message')
    return { code, message: typeof message === 'string' ? message : '' }
  }
  const details = memberOf(json, 'details')
  return typeof details === 'string' ? { code: 'UNAUTHORIZED', message: details } : undefined
}

function parseLoosely(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}

function memberOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
}
