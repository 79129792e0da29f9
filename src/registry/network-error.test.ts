import assert from 'node:assert/strict'
import test from 'node:test'
import { isTransient, networkError } from '#registry/network-error.ts'

const url = new URL('https://registry.example/v2/')

function failure(code: string, more: object = {}): Error {
  return Object.assign(new Error(`node says ${code}`), { code, ...more })
}

test('failures of the network read as Docker’s do', () => {
  const text = (cause: unknown, at = url) => networkError('GET', at, cause).message
  assert.equal(
    text(failure('ECONNREFUSED', { address: '127.0.0.1' }), new URL('http://127.0.0.1:5000/v2/')),
    'Get "http://127.0.0.1:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused',
  )
  assert.equal(
    text(failure('ENOTFOUND')),
    'Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host',
  )
  assert.equal(
    text(failure('ERR_SSL_WRONG_VERSION_NUMBER')),
    'Get "https://registry.example/v2/": http: server gave HTTP response to HTTPS client',
  )
  assert.equal(
    networkError('HEAD', new URL('http://[::1]:5000/v2/'), failure('UND_ERR_CONNECT_TIMEOUT'))
      .message,
    'Head "http://[::1]:5000/v2/": dial tcp [::1]:5000: i/o timeout',
  )
})

test('the socket’s own failure is found below what wraps it', () => {
  const refused = failure('ECONNREFUSED', { address: '10.0.0.1' })
  const wrapped = new TypeError('fetch failed', { cause: new AggregateError([refused, refused]) })
  const error = networkError('GET', url, wrapped)
  assert.equal(error.errno, 'ECONNREFUSED')
  assert.match(error.message, /dial tcp 10\.0\.0\.1:443: connect: connection refused$/)
})

test('an authority that nobody knows is told with what to do about it', () => {
  const error = networkError('GET', url, failure('DEPTH_ZERO_SELF_SIGNED_CERT'))
  assert.match(error.message, /x509: certificate signed by unknown authority$/)
  assert.match(error.hint ?? '', /--insecure-registry/)
})

test('what may pass is tried again, what cannot is not', () => {
  const isTriedAgain = (code: string) => isTransient(networkError('GET', url, failure(code)))
  for (const code of ['ECONNRESET', 'UND_ERR_SOCKET', 'EAI_AGAIN', 'ETIMEDOUT']) {
    assert.ok(isTriedAgain(code), code)
  }
  for (const code of [
    'ECONNREFUSED',
    'ENOTFOUND',
    'CERT_HAS_EXPIRED',
    'SELF_SIGNED_CERT_IN_CHAIN',
  ]) {
    assert.ok(!isTriedAgain(code), code)
  }
  assert.ok(!isTransient(new Error('of another kind')))
})
