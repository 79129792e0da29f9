import assert from 'node:assert/strict'
import test from 'node:test'
import {
  familiarName,
  familiarRepository,
  formatReference,
  parseReference,
  withDefaultTag,
  withTag,
} from '#oci/reference.ts'

const digest = `sha256:${'ab'.repeat(32)}`

test('short names are normalised as Docker does', () => {
  const canonical: Readonly<Record<string, string>> = {
    busybox: 'docker.io/library/busybox',
    'busybox:1.36': 'docker.io/library/busybox:1.36',
    'moby/buildkit': 'docker.io/moby/buildkit',
    'index.docker.io/busybox': 'docker.io/library/busybox',
    'docker.io/busybox': 'docker.io/library/busybox',
    'localhost/x': 'localhost/x',
    'localhost:5000/x:y': 'localhost:5000/x:y',
    'ghcr.io/a/b/c:v1': 'ghcr.io/a/b/c:v1',
    'Upper/x': 'Upper/x',
    '[::1]:5000/x': '[::1]:5000/x',
    [`busybox@${digest}`]: `docker.io/library/busybox@${digest}`,
    [`r.io/x:t@${digest}`]: `r.io/x:t@${digest}`,
    'a__b/c-d.e': 'docker.io/a__b/c-d.e',
  }
  for (const [text, expected] of Object.entries(canonical)) {
    assert.equal(formatReference(parseReference(text)), expected, text)
  }
})

test('familiar names are the shortest that mean the same', () => {
  assert.equal(familiarName(withDefaultTag(parseReference('docker.io/library/x'))), 'x:latest')
  assert.equal(familiarName(parseReference(`moby/x@${digest}`)), `moby/x@${digest}`)
  assert.equal(familiarRepository(parseReference('r:5000/x:1')), 'r:5000/x')
  assert.equal(familiarName(withTag(parseReference('x:1'), '2')), 'x:2')
})

test('a digest needs no default tag', () => {
  assert.equal(withDefaultTag(parseReference(`x@${digest}`)).tag, undefined)
  assert.equal(withDefaultTag(parseReference('x:1')).tag, '1')
})

test("malformed references fail with Docker's texts", () => {
  const messages: Readonly<Record<string, string>> = {
    '': 'invalid reference format',
    'a b': 'invalid reference format',
    ':x': 'invalid reference format',
    'x:': 'invalid reference format',
    'x:-a': 'invalid reference format',
    'a//b': 'invalid reference format',
    '-a/b:c': 'invalid reference format',
    'x@sha256:abc': 'invalid reference format',
    '../x': 'invalid reference format',
    'x/../y': 'invalid reference format',
    'r.io/x\n': 'invalid reference format',
    Foo: 'invalid reference format: repository name (library/Foo) must be lowercase',
    'r.io/Foo': 'invalid reference format: repository name (Foo) must be lowercase',
    ['ab'.repeat(32)]:
      `invalid repository name (${'ab'.repeat(32)}), cannot specify 64-byte hexadecimal strings`,
    [`r.io/${'a'.repeat(256)}`]:
      'invalid reference format: repository name must not be more than 255 characters',
  }
  for (const [text, message] of Object.entries(messages)) {
    assert.throws(() => parseReference(text), { kind: 'invalid_argument', message }, text)
  }
  for (const text of [`x@sha256:${'ab'.repeat(20)}`, `x@md5:${'a'.repeat(32)}`]) {
    assert.throws(() => parseReference(text), {
      message: 'invalid reference format: invalid digest',
    })
  }
})

test('hostile long text is refused in linear time', () => {
  assert.throws(() => parseReference('a-'.repeat(500_000)), { kind: 'invalid_argument' })
  assert.throws(() => parseReference(`${'a-'.repeat(500)}!`), { kind: 'invalid_argument' })
})
