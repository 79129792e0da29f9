import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { EngineError } from '#base/errors.ts'
import { parseQueryBool } from '#wire/bool.ts'
import { ContainerCreateBody } from '#wire/containers.ts'
import { decodeRequest } from '#wire/decode.ts'
import { formatFilters, parseFilters } from '#wire/filters.ts'
import { createStdcopyDecoder, encodeStdcopyFrame } from '#wire/stdcopy.ts'
import { compareApiVersions, isApiVersionAtLeast, productVersion } from '#wire/versions.ts'

function refused(message: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof EngineError && error.kind === 'invalid_argument' && message.test(error.message)
}

test('decodeRequest() drops unknown fields and nulls, and matches names in any case', () => {
  const body = decodeRequest(ContainerCreateBody, {
    image: 'busybox',
    Cmd: null,
    Entrypoint: 'sh',
    Nonsense: [1],
    HostConfig: { memory: 5, Binds: null, PortBindings: { '80/tcp': null } },
  })
  assert.deepEqual(body, {
    Image: 'busybox',
    Entrypoint: 'sh',
    HostConfig: { Memory: 5, PortBindings: { '80/tcp': null } },
  })
})

test('decodeRequest() names the field whose type is wrong', () => {
  const decode = (value: unknown) => () => decodeRequest(ContainerCreateBody, value)
  assert.throws(decode({ Tty: 'yes' }), refused(/field "Tty": cannot use string as boolean/))
  assert.throws(
    decode({ Env: ['A=1', 2] }),
    refused(/field "Env\[1\]": cannot use number 2 as string/),
  )
  assert.throws(decode({ Cmd: 4 }), refused(/field "Cmd"/))
  assert.throws(decode({ HostConfig: { NanoCpus: 1.5 } }), refused(/field "HostConfig.NanoCpus"/))
  assert.throws(decode({ HostConfig: { Binds: { a: 'b' } } }), refused(/field "HostConfig.Binds"/))
  assert.throws(decode(['Image']), refused(/the body: cannot use array as object/))
})

test('parseQueryBool() knows five ways to say no', () => {
  for (const text of ['', '0', 'no', 'FALSE', 'None', null, undefined]) {
    assert.equal(parseQueryBool(text), false)
  }
  for (const text of ['1', 'true', 'yes', 'x']) assert.equal(parseQueryBool(text), true)
})

test('parseFilters() reads both encodings alike', () => {
  const expected = { label: ['a=b', 'c'], status: ['exited'] }
  const accepted = ['label', 'status']
  const modern = '{"label":{"a=b":true,"c":true},"status":{"exited":true,"dead":false}}'
  const legacy = '{"label":["a=b","c"],"status":["exited"]}'
  assert.deepEqual(parseFilters(modern, accepted), expected)
  assert.deepEqual(parseFilters(legacy, accepted), expected)
  assert.deepEqual(parseFilters(formatFilters(expected), accepted), expected)
  assert.deepEqual(parseFilters(null, accepted), {})
})

test('parseFilters() refuses unknown keys and other JSON', () => {
  assert.throws(
    () => parseFilters('{"colour":["red"]}', ['label']),
    refused(/^invalid filter 'colour'$/),
  )
  for (const text of ['x', '[]', '{"label":"a"}', '{"label":[1]}']) {
    assert.throws(() => parseFilters(text, ['label']), refused(/^invalid filter/))
  }
})

test('versions are ordered by their parts', () => {
  assert.ok(compareApiVersions('1.9', '1.24') < 0)
  assert.ok(compareApiVersions('2.0', '1.55') > 0)
  assert.equal(compareApiVersions('1.40', '1.40'), 0)
  assert.equal(isApiVersionAtLeast('1.42', '1.42'), true)
  assert.equal(isApiVersionAtLeast('1.5', '1.42'), false)
})

test('the product version is the one of package.json', () => {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  assert.equal(JSON.parse(manifest).version, productVersion)
})

test('stdcopy frames survive any cut of the stream', () => {
  const bytes = Buffer.concat([
    encodeStdcopyFrame('stdout', Buffer.from('hello')),
    encodeStdcopyFrame('stderr', Buffer.from('x')),
    encodeStdcopyFrame('stdout', Buffer.from('a longer text')),
  ])
  for (let step = 1; step <= bytes.length; step++) {
    const decoder = createStdcopyDecoder()
    const seen = { stdout: '', stderr: '', stdin: '', systemerr: '' }
    for (let offset = 0; offset < bytes.length; offset += step) {
      for (const piece of decoder.decode(bytes.subarray(offset, offset + step))) {
        seen[piece.stream] += Buffer.from(piece.bytes).toString()
      }
    }
    assert.equal(decoder.isComplete(), true)
    assert.equal(seen.stdout, 'helloa longer text')
    assert.equal(seen.stderr, 'x')
  }
})

test('stdcopy refuses a header that names no stream, and knows an unfinished frame', () => {
  const decoder = createStdcopyDecoder()
  assert.throws(() => decoder.decode(Buffer.from('ABCDEFGH')), /unrecognized stream type 65/)
  const partial = createStdcopyDecoder()
  partial.decode(encodeStdcopyFrame('stdout', Buffer.from('abc')).subarray(0, 9))
  assert.equal(partial.isComplete(), false)
})
