/** Refusals of the network in the words that Docker's users know and its clients match. */
import { EngineError } from '#base/errors.ts'
import { formatHostPort } from '#base/host-port.ts'

const fixedDetails: Readonly<Record<string, string>> = {
  ECONNRESET: 'read: connection reset by peer',
  EPIPE: 'write: broken pipe',
  UND_ERR_SOCKET: 'unexpected EOF',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'unexpected EOF',
  UND_ERR_HEADERS_TIMEOUT: 'net/http: timeout awaiting response headers',
  UND_ERR_BODY_TIMEOUT: 'net/http: timeout awaiting response body',
  EPROTO: 'http: server gave HTTP response to HTTPS client',
  ERR_SSL_WRONG_VERSION_NUMBER: 'http: server gave HTTP response to HTTPS client',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'http: server gave HTTP response to HTTPS client',
  CERT_HAS_EXPIRED:
    'tls: failed to verify certificate: x509: certificate has expired or is not yet valid',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'tls: failed to verify certificate: x509: certificate is not valid for this host',
}

const unknownAuthorityCodes = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

const dialDetails: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect: connection refused',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'connect: connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'i/o timeout',
}

/** Trying again cannot help: nobody listens there, no such name, no trust. */
const finalCodes = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EPROTO',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  ...unknownAuthorityCodes,
])

/** `Get "http://h/v2/"`, as Go spells it. */
export function describeRequest(method: string, url: URL): string {
  return `${method.charAt(0)}${method.slice(1).toLowerCase()} "${url.href}"`
}

/** `Get "http://h/v2/": dial tcp 127.0.0.1:1: connect: connection refused`, kind unavailable. */
export function networkError(method: string, url: URL, cause: unknown): EngineError {
  const failure = innermost(cause)
  const code = textMember(failure, 'code') ?? ''
  const isUntrusted = unknownAuthorityCodes.has(code)
  const text = `${describeRequest(method, url)}: ${detail(code, failure, url)}`
  return new EngineError('unavailable', text, {
    ...(code === '' ? {} : { errno: code }),
    ...(isUntrusted ? { hint: 'install its authority, or name it as an --insecure-registry' } : {}),
    cause,
  })
}

/** True for a failure that may pass: cut connections, time-outs and answers of 5xx. */
export function isTransient(error: unknown): boolean {
  return (
    error instanceof EngineError &&
    error.kind === 'unavailable' &&
    !finalCodes.has(error.errno ?? '')
  )
}

function detail(code: string, failure: unknown, url: URL): string {
  const fixed = fixedDetails[code]
  if (fixed !== undefined) return fixed
  if (unknownAuthorityCodes.has(code)) {
    return 'tls: failed to verify certificate: x509: certificate signed by unknown authority'
  }
  const dialled = dialDetails[code]
  if (dialled !== undefined) return `dial tcp ${dialAddress(failure, url)}: ${dialled}`
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${url.hostname}: no such host`
  if (code === 'EAI_AGAIN') {
    return `dial tcp: lookup ${url.hostname}: temporary failure in name resolution`
  }
  return failure instanceof Error ? failure.message : String(failure)
}

function dialAddress(failure: unknown, url: URL): string {
  const address = textMember(failure, 'address') ?? url.hostname.replace(/^\[|\]$/g, '')
  const port = url.port || (url.protocol === 'https:' ? '443' : '80')
  return formatHostPort(address, port)
}

/** Node tries several addresses and reports an AggregateError; undici wraps the socket's own error. */
function innermost(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return innermost(error.errors[0])
  const hasCode = textMember(error, 'code') !== undefined
  if (!hasCode && error instanceof Error && error.cause !== undefined) return innermost(error.cause)
  return error
}

function textMember(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const found: unknown = Reflect.get(value, key)
  return typeof found === 'string' ? found : undefined
}
