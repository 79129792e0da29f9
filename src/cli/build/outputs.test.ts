import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { writeOutput } from '#cli/build/outputs.ts'
import { encodeTarHeader, tarPadding, tarTrailer } from '#oci/tar/encoder.ts'

function placeFor(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-output-'))
  t.after(() => rmSync(directory, { recursive: true }))
  return join(directory, 'made/out')
}

async function* many(chunk: Uint8Array, count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield chunk
}

test('a local output is unpacked, an archive is written as it is', async (t) => {
  const header = encodeTarHeader({
    path: 'file',
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: 4,
    mtime: { seconds: 0, nanoseconds: 0 },
  })
  const archive = Buffer.concat([
    header,
    Buffer.from('text'),
    Buffer.alloc(tarPadding(4)),
    tarTrailer,
  ])
  const place = placeFor(t)
  const plan = (type: 'local' | 'tar', destination: string) =>
    writeOutput({ body: { type }, isUnpacked: type === 'local', destination }, many(archive, 1))
  await plan('local', place)
  assert.equal(readFileSync(join(place, 'file'), 'utf8'), 'text')
  await plan('tar', `${place}.tar`)
  assert.deepEqual(readFileSync(`${place}.tar`), archive)
})

test('an archive that tar refuses fails with what tar says, however much follows', async (t) => {
  const plan = { body: { type: 'local' }, isUnpacked: true, destination: placeFor(t) } as const
  await assert.rejects(writeOutput(plan, many(Buffer.alloc(65536, 'x'), 64)), {
    kind: 'failed_precondition',
    message: /^write output to ".*": tar: This does not look like a tar archive/,
  })
})

test('a broken stream fails as such', async (t) => {
  const plan = { body: { type: 'local' }, isUnpacked: true, destination: placeFor(t) } as const
  const broken = async function* () {
    yield Buffer.alloc(512)
    throw new Error('connection lost')
  }
  await assert.rejects(writeOutput(plan, broken()), { message: /connection lost$/ })
})
