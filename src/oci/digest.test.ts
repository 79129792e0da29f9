import assert from 'node:assert/strict'
import test from 'node:test'
import {
  chainIds,
  digestAlgorithm,
  digestHex,
  digestOf,
  parseDiffId,
  parseDigest,
} from '#oci/digest.ts'

const empty = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

test('parseDigest() takes sha256 and sha512 of the right length, lower case', () => {
  assert.equal(parseDigest(empty), empty)
  assert.equal(digestAlgorithm(parseDigest(`sha512:${'a'.repeat(128)}`)), 'sha512')
  for (const text of [
    '',
    'sha256:',
    `sha256:${'A'.repeat(64)}`,
    `sha256:${'a'.repeat(63)}`,
    `md5:${'a'.repeat(32)}`,
    `${empty}:x`,
    `sha256:../${'a'.repeat(61)}`,
  ]) {
    assert.throws(() => parseDigest(text), { kind: 'invalid_argument' }, text)
  }
})

test('digestOf() hashes exact bytes', () => {
  assert.equal(digestOf(''), empty)
  assert.equal(digestHex(digestOf('')), empty.slice(7))
})

test('chainIds() follows the image specification', () => {
  const [a, b] = [digestOf('a'), digestOf('b')].map(parseDiffId)
  assert.ok(a !== undefined && b !== undefined)
  assert.deepEqual(chainIds([]), [])
  assert.deepEqual(chainIds([a, b]), [a, digestOf(`${a} ${b}`)])
})
