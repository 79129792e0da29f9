import assert from 'node:assert/strict'
import test from 'node:test'
import { EngineError } from '#base/errors.ts'
import { encodeTarHeader, tarPadding, tarTrailer } from '#oci/tar/encoder.ts'
import { encodePaxRecord } from '#oci/tar/pax.ts'
import { createTarParser } from '#oci/tar/parser.ts'
import { defaultTarLimits, type TarEntry, type TarLimits } from '#oci/tar/types.ts'

interface Member {
  readonly entry: TarEntry
  readonly content: string
  readonly offsets: readonly number[]
}

function parse(archive: Buffer, chunkBytes = archive.length, limits?: TarLimits): Member[] {
  const members: Member[] = []
  let current: { entry: TarEntry; content: string; offsets: number[] } | undefined
  const parser = createTarParser(
    {
      entry: (found) => (current = { entry: found, content: '', offsets: [] }),
      content(chunk, offset) {
        if (!current) throw new Error('content before its entry')
        current.content += Buffer.from(chunk).toString('latin1')
        current.offsets.push(offset)
      },
      endEntry() {
        if (current) members.push(current)
        current = undefined
      },
    },
    limits,
  )
  for (let at = 0; at < archive.length; at += Math.max(chunkBytes, 1)) {
    parser.push(archive.subarray(at, at + chunkBytes))
  }
  parser.end()
  return members
}

function entry(fields: Partial<TarEntry> & { path: string }): TarEntry {
  const mtime = { seconds: 1_700_000_000, nanoseconds: 0 }
  return { type: 'file', mode: 0o644, uid: 0, gid: 0, sizeBytes: 0, mtime, ...fields }
}

function member(fields: Partial<TarEntry> & { path: string }, content = ''): Buffer {
  const header = encodeTarHeader(entry({ sizeBytes: content.length, ...fields }))
  return Buffer.concat([header, Buffer.from(content), Buffer.alloc(tarPadding(content.length))])
}

/** Overwrites a header field and repairs the checksum. */
function patched(archive: Buffer, offset: number, bytes: Buffer | string): Buffer {
  const copy = Buffer.from(archive)
  Buffer.from(bytes).copy(copy, offset)
  copy.write('        ', 148, 'latin1')
  const sum = copy.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  copy.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return copy
}

function damaged(pattern: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof EngineError && error.kind === 'data_loss' && pattern.test(error.message)
}

const awkward: readonly TarEntry[] = [
  entry({ path: './', type: 'directory', mode: 0o1777 }),
  entry({ path: 'bin/su', mode: 0o4755, uid: 3_000_000_000, gid: 5_000_000 }),
  entry({ path: `${'d'.repeat(150)}/${'f'.repeat(90)}` }),
  entry({ path: `${'long/'.repeat(80)}end` }),
  entry({ path: 'Főtanúsítvány.crt', mtime: { seconds: 1_700_000_000, nanoseconds: 123_456_789 } }),
  entry({ path: 'latin1-\udcff\udce9-name' }),
  entry({ path: 'old', mtime: { seconds: -2, nanoseconds: 500_000_000 } }),
  entry({ path: 'link', type: 'symlink', mode: 0o777, linkPath: '/etc/é/'.repeat(30) }),
  entry({ path: 'hard', type: 'hardlink', linkPath: 'bin/su' }),
  entry({ path: 'null', type: 'character', device: { major: 1, minor: 3 } }),
  entry({ path: 'disk', type: 'block', device: { major: 259, minor: 70_000 } }),
  entry({ path: 'pipe', type: 'fifo' }),
  entry({
    path: 'bin/ping',
    xattrs: new Map<string, Uint8Array>([
      ['security.capability', Buffer.of(1, 0, 0, 2, 0, 32, 10, 0, 61, 0)],
      ['user.note', Buffer.from('a=b\n')],
    ]),
  }),
]

test('parser gives back what the encoder wrote, however the bytes are cut', () => {
  const archive = Buffer.concat([...awkward.map(encodeTarHeader), tarTrailer])
  for (const chunkBytes of [1, 7, 511, 512, 513, archive.length]) {
    const parsed = parse(archive, chunkBytes).map((found) => found.entry)
    assert.deepEqual(parsed, awkward, `chunks of ${chunkBytes}`)
  }
})

test('encoder writes the same entry the same way', () => {
  assert.deepEqual(awkward.map(encodeTarHeader), awkward.map(encodeTarHeader))
})

test('content arrives whole, with its offsets', () => {
  const archive = Buffer.concat([
    member({ path: 'a' }, 'x'.repeat(700)),
    member({ path: 'b' }, 'tail'),
    tarTrailer,
  ])
  for (const chunkBytes of [1, 100, 512, 5000]) {
    const found = parse(archive, chunkBytes)
    assert.deepEqual(
      found.map(({ content }) => content),
      ['x'.repeat(700), 'tail'],
    )
    assert.equal(found[0]?.offsets[0], 0)
  }
})

test('what follows the two zero blocks is passed over', () => {
  const archive = Buffer.concat([member({ path: 'a' }), tarTrailer, Buffer.alloc(9000, 'junk')])
  assert.equal(parse(archive).length, 1)
})

test('an archive may end without zero blocks, and may be empty', () => {
  assert.equal(parse(member({ path: 'a' }, 'hello')).length, 1)
  assert.deepEqual(parse(Buffer.alloc(0)), [])
})

test('truncation anywhere inside a member is damage, its last padding is not', () => {
  const archive = member({ path: 'n'.repeat(300) }, 'y'.repeat(600))
  const end = archive.length - tarPadding(600)
  assert.equal(parse(archive.subarray(0, end))[0]?.content, 'y'.repeat(600))
  assert.equal(parse(archive.subarray(0, end + 1)).length, 1)
  for (let length = 1; length < end; length += 37) {
    assert.throws(() => parse(archive.subarray(0, length)), damaged(/unexpected EOF/), `${length}`)
  }
})

test('a wrong checksum is damage', () => {
  const archive = member({ path: 'a' })
  archive[0] = 0x62
  assert.throws(() => parse(archive), damaged(/invalid tar header/))
})

test('base-256 numbers: large ones are read, negative sizes refused', () => {
  const large = patched(member({ path: 'a' }), 108, Buffer.from('800000000000ea60', 'hex'))
  assert.equal(parse(large)[0]?.entry.uid, 60_000)
  const negative = patched(member({ path: 'a' }), 124, Buffer.alloc(12, 0xff))
  assert.throws(() => parse(negative), damaged(/negative size/))
  const huge = patched(
    member({ path: 'a' }),
    124,
    Buffer.concat([Buffer.of(0x80), Buffer.alloc(11, 0xff)]),
  )
  assert.throws(() => parse(huge), damaged(/out of range/))
})

test('a pax size rules over the header and must be sane', () => {
  const withSize = (size: string) => {
    const body = encodePaxRecord('size', Buffer.from(size))
    const header = encodeTarHeader(entry({ path: 'x', sizeBytes: body.length }))
    const extension = patched(header, 156, 'x')
    const padding = Buffer.alloc(tarPadding(body.length))
    return Buffer.concat([extension, body, padding, member({ path: 'a' })])
  }
  assert.throws(() => parse(withSize('-1')), damaged(/negative size/))
  assert.throws(() => parse(withSize('1e9')), damaged(/not a number/))
  assert.throws(() => parse(withSize('99999999999999999999')), damaged(/not a number/))
  assert.throws(() => parse(withSize('1000')), damaged(/unexpected EOF/))
})

test('malformed extended headers are damage, not a crash', () => {
  const bodies = [
    '5 a=b',
    '0 a=b\n',
    '999 path=x\n',
    '-6 a=b\n',
    '12 path=a\0b\n',
    ' \n',
    'x',
    '6 ab\n',
  ]
  for (const body of bodies) {
    const header = encodeTarHeader(entry({ path: 'x', sizeBytes: body.length }))
    const bytes = [
      patched(header, 156, 'x'),
      Buffer.from(body),
      Buffer.alloc(tarPadding(body.length)),
    ]
    assert.throws(() => parse(Buffer.concat([...bytes, member({ path: 'a' })])), damaged(/./), body)
  }
})

test('limits cut names, extensions and the number of members', () => {
  const limits = { ...defaultTarLimits, maxEntries: 2, maxNameBytes: 200, maxExtensionBytes: 600 }
  const three = Buffer.concat([1, 2, 3].map((n) => member({ path: `f${n}` })))
  assert.throws(() => parse(three, 512, limits), damaged(/more than 2 members/))
  assert.throws(() => parse(member({ path: 'n'.repeat(300) }), 512, limits), damaged(/a name of/))
  assert.throws(
    () => parse(member({ path: 'n'.repeat(900) }), 512, limits),
    damaged(/an extension of/),
  )
})

test('unknown member types are refused by name', () => {
  assert.throws(
    () => parse(patched(member({ path: 'a' }), 156, 'M')),
    damaged(/unsupported type "M"/),
  )
})

test('random damage never gives anything but an EngineError', () => {
  const archive = Buffer.concat([...awkward.map(encodeTarHeader), member({ path: 'z' }, 'zz')])
  let seed = 1
  const random = () => (seed = (seed * 48_271) % 2_147_483_647)
  for (let round = 0; round < 300; round++) {
    const copy = Buffer.from(archive)
    for (let hit = 0; hit < 3; hit++) copy[random() % copy.length] = random() % 256
    try {
      parse(copy, 1000)
    } catch (error) {
      assert.ok(error instanceof EngineError, String(error))
    }
  }
})
