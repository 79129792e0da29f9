import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, statSync, writeFileSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { errorKind } from '#base/errors.ts'
import { treeUsage } from '#store/tree-usage.ts'
import { openLayerExtractor, type LayerExtractorOptions } from '#sys/tar/extractor.ts'
import { findXattr } from '#sys/xattr.ts'
import { encodeArchive, type TestMember } from '#test/support/tar-members.ts'
import { describeTree, temporaryDirectory } from '#test/support/trees.ts'

type Limits = LayerExtractorOptions['limits']

async function extract(directory: string, blob: Uint8Array, limits: Limits = {}) {
  await using extractor = openLayerExtractor({ directory, limits })
  for (let at = 0; at < blob.length; at += 5000) await extractor.write(blob.subarray(at, at + 5000))
  return await extractor.finish()
}

/** A layer directory with a neighbour that nothing may touch. */
function layerPlace(t: TestContext): { layer: string; outside: string } {
  const base = temporaryDirectory(t, 'extract')
  const layer = join(base, 'layer')
  const outside = join(base, 'outside')
  mkdirSync(layer)
  mkdirSync(outside)
  writeFileSync(join(outside, 'secret'), 'untouched')
  return { layer, outside }
}

test('extracts every kind of member with its attributes', async (t) => {
  const { layer } = layerPlace(t)
  const mtime = { seconds: 1_600_000_000, nanoseconds: 123_456_789 }
  const archive = encodeArchive([
    { path: './', type: 'directory', mode: 0o750, mtime },
    { path: 'dir/', type: 'directory', mode: 0o2775, uid: 7, gid: 8, mtime },
    { path: 'dir/su', mode: 0o4755, uid: 1, gid: 2, content: 'program', mtime },
    { path: 'dir/link', type: 'symlink', mode: 0o777, linkPath: '../etc/x', uid: 3, gid: 4, mtime },
    { path: 'dir/hard', type: 'hardlink', linkPath: 'dir/su' },
    { path: 'dir/pipe', type: 'fifo', mode: 0o600 },
    { path: 'dir/null', type: 'character', mode: 0o666, device: { major: 1, minor: 3 } },
    { path: 'implied/deep/file', content: 'x' },
    { path: 'ping', xattrs: new Map([['user.note', Buffer.from('kept')]]) },
  ])
  await extract(layer, archive)
  assert.deepEqual(describeTree(layer), [
    'dir directory 2775 7:8',
    'dir/hard file 4755 1:2 program',
    'dir/link link 3:4 ../etc/x',
    'dir/null character 666 0:0 259',
    'dir/pipe fifo 600 0:0 0',
    'dir/su file 4755 1:2 program',
    'implied directory 755 0:0',
    'implied/deep directory 755 0:0',
    'implied/deep/file file 644 0:0 x',
    'ping file 644 0:0 ',
  ])
  const nanos = 1_600_000_000_123_456_789n
  for (const name of ['.', 'dir', 'dir/su']) {
    assert.equal(statSync(join(layer, name), { bigint: true }).mtimeNs, nanos, name)
  }
  assert.equal(statSync(layer).mode & 0o7777, 0o750)
  assert.equal(statSync(join(layer, 'dir/su')).ino, statSync(join(layer, 'dir/hard')).ino)
  assert.equal(findXattr(join(layer, 'ping'), 'user.note')?.toString(), 'kept')
})

test('tells compressions by their bytes; the diffID is of the plain archive', async (t) => {
  const archive = encodeArchive([{ path: 'a', content: 'content '.repeat(100_000) }])
  const half = archive.length >> 1
  const blobs = {
    plain: archive,
    gzip: gzipSync(archive),
    'two gzip members': Buffer.concat([
      gzipSync(archive.subarray(0, half)),
      gzipSync(archive.subarray(half)),
    ]),
    zstd: zstdCompressSync(archive),
    'two zstd frames': Buffer.concat([
      zstdCompressSync(archive.subarray(0, half)),
      zstdCompressSync(archive.subarray(half)),
    ]),
  }
  for (const [name, blob] of Object.entries(blobs)) {
    const { layer } = layerPlace(t)
    const result = await extract(layer, blob)
    const expected = `sha256:${createHash('sha256').update(archive).digest('hex')}`
    assert.deepEqual(
      result,
      { diffId: expected, sizeBytes: 800_000, tarBytes: archive.length, entries: 1 },
      name,
    )
    assert.equal(statSync(join(layer, 'a')).size, 800_000)
  }
})

test('the size counts files and symbolic links, as Docker counts', async (t) => {
  const { layer } = layerPlace(t)
  const archive = encodeArchive([
    { path: 'dir', type: 'directory' },
    { path: 'dir/file', content: 'four' },
    { path: 'dir/hard', type: 'hardlink', linkPath: 'dir/file' },
    { path: 'dir/soft', type: 'symlink', linkPath: 'é/file' },
  ])
  const { sizeBytes } = await extract(layer, archive)
  assert.equal(sizeBytes, 4 + 7)
  assert.equal((await treeUsage(layer)).sizeBytes, sizeBytes)
})

test('file names that are not UTF-8 keep their bytes', async (t) => {
  const { layer } = layerPlace(t)
  await extract(
    layer,
    encodeArchive([
      { path: 'caf\udce9', content: 'x' },
      { path: 'l', type: 'symlink', linkPath: 'caf\udce9' },
    ]),
  )
  const names = readdirSync(layer, { encoding: 'buffer' }).map((name) => name.toString('hex'))
  assert.deepEqual(names.toSorted(), ['636166e9', '6c'])
})

test('whiteouts become those of overlayfs', async (t) => {
  const { layer } = layerPlace(t)
  await extract(
    layer,
    encodeArchive([
      { path: 'gone/.wh.file' },
      { path: 'opaque/', type: 'directory' },
      { path: 'opaque/.wh..wh..opq' },
      { path: 'opaque/own', content: 'x' },
      { path: '.wh..wh.plnk', content: '' },
      { path: '.wh.replaced' },
      { path: 'replaced/new', content: 'y' },
      { path: 'kept/', type: 'directory' },
      { path: '.wh.kept' },
    ]),
  )
  assert.deepEqual(describeTree(layer), [
    'gone directory 755 0:0',
    'gone/file character 0 0:0 0',
    'kept directory 644 0:0',
    'opaque directory 644 0:0',
    'opaque/own file 644 0:0 x',
    'replaced directory 755 0:0',
    'replaced/new file 644 0:0 y',
  ])
  for (const name of ['opaque', 'replaced', 'kept']) {
    const mark = findXattr(join(layer, name), 'trusted.overlay.opaque')
    assert.equal(mark?.toString(), 'y', `${name} hides what is below`)
  }
})

test('a later member replaces an earlier one', async (t) => {
  const { layer } = layerPlace(t)
  await extract(
    layer,
    encodeArchive([
      { path: 'file', content: 'old and longer' },
      { path: 'file', content: 'new' },
      { path: 'dir/x', content: 'x' },
      { path: 'dir', content: 'now a file' },
      { path: 'link', type: 'symlink', linkPath: 'file' },
      { path: 'link', content: 'not through the link' },
      { path: 'other', type: 'symlink', linkPath: 'file' },
      { path: 'other/', type: 'directory', mode: 0o700 },
      { path: 'other/in', content: 'in' },
    ]),
  )
  assert.deepEqual(describeTree(layer), [
    'dir file 644 0:0 now a file',
    'file file 644 0:0 new',
    'link file 644 0:0 not through the link',
    'other directory 700 0:0',
    'other/in file 644 0:0 in',
  ])
})

/** Each tries to reach the neighbour directory or the machine, by another way. */
function hostileArchives(outside: string): Record<string, readonly TestMember[]> {
  const secret = join(outside, 'secret')
  const through = [{ path: 'in/secret', content: 'overwritten' }]
  return {
    'absolute path': [{ path: secret, content: 'overwritten' }],
    'dot dot': [{ path: '../outside/secret', content: 'overwritten' }],
    'hidden dot dot': [{ path: 'a/b/../../../outside/secret', content: 'overwritten' }],
    'absolute link': [{ path: 'in', type: 'symlink', linkPath: outside }, ...through],
    'relative link': [{ path: 'in', type: 'symlink', linkPath: '../outside' }, ...through],
    'long relative link': [
      { path: 'in', type: 'symlink', linkPath: `${'../'.repeat(20)}${outside.slice(1)}` },
      ...through,
    ],
    'chain of links': [
      { path: 'up', type: 'symlink', linkPath: '..' },
      { path: 'in', type: 'symlink', linkPath: 'up/up/outside' },
      ...through,
    ],
    'link at the end': [
      { path: 'in', type: 'symlink', linkPath: secret },
      { path: 'in', content: 'overwritten' },
    ],
    'hard link outside': [
      { path: 'in', type: 'hardlink', linkPath: secret },
      { path: 'in', content: 'overwritten' },
    ],
    'hard link with dot dot': [{ path: 'in', type: 'hardlink', linkPath: '../outside/secret' }],
    'hard link through a link': [
      { path: 'in', type: 'symlink', linkPath: outside },
      { path: 'hard', type: 'hardlink', linkPath: 'in/secret' },
      { path: 'hard', content: 'overwritten' },
    ],
    'hard link to a link': [
      { path: 'in', type: 'symlink', linkPath: secret },
      { path: 'hard', type: 'hardlink', linkPath: 'in' },
      { path: 'hard', content: 'overwritten' },
    ],
    'whiteout through a link': [
      { path: 'in', type: 'symlink', linkPath: outside },
      { path: 'in/.wh.secret' },
    ],
    'whiteout of the parent': [{ path: '.wh...' }],
    'whiteout of the root': [{ path: 'a/.wh..' }],
    'opaque through a link': [
      { path: 'in', type: 'symlink', linkPath: outside },
      { path: 'in/.wh..wh..opq' },
    ],
    'attributes through a link': [
      { path: 'in', type: 'symlink', linkPath: outside },
      { path: 'in/', type: 'directory', mode: 0o777, uid: 5 },
    ],
    'directory turned into a link': [
      { path: 'in/', type: 'directory', mode: 0o777, uid: 5 },
      { path: 'in', type: 'symlink', linkPath: outside },
    ],
    'through proc': [
      { path: 'in', type: 'symlink', linkPath: '/proc/1/root' },
      { path: `in${secret}`, content: 'overwritten' },
    ],
    'name of one component too long': [{ path: 'n'.repeat(300) }],
    'file as a directory': [{ path: 'a' }, { path: 'a/b' }],
    'name with NUL': [{ path: 'a\0b' }],
  }
}

test('no hostile archive touches anything outside of the layer', async (t) => {
  const { outside: pattern } = layerPlace(t)
  for (const name of Object.keys(hostileArchives(pattern))) {
    const { layer, outside } = layerPlace(t)
    const before = [describeTree(outside), statSync(outside).mode, statSync(outside).uid]
    const archive = encodeArchive(hostileArchives(outside)[name] ?? [])
    try {
      await extract(layer, archive)
    } catch (error) {
      assert.equal(errorKind(error), 'data_loss', `${name}: ${String(error)}`)
    }
    assert.deepEqual(
      [describeTree(outside), statSync(outside).mode, statSync(outside).uid],
      before,
      name,
    )
    const mark = findXattr(outside, 'trusted.overlay.opaque')
    assert.equal(mark, undefined, name)
  }
  assert.ok(existsSync('/proc/self'), 'this thread still has the root of the machine')
})

test('overlay steering attributes and foreign labels are not taken from an archive', async (t) => {
  const { layer } = layerPlace(t)
  const names = ['trusted.overlay.redirect', 'trusted.overlay.metacopy', 'security.selinux']
  const xattrs = new Map(
    [...names, 'user.overlay.opaque', 'user.fine'].map((name) => [name, Buffer.from('/etc')]),
  )
  await extract(
    layer,
    encodeArchive([
      { path: 'a', xattrs },
      { path: 'd/', type: 'directory', xattrs },
    ]),
  )
  for (const path of ['a', 'd']) {
    for (const name of [...names, 'user.overlay.opaque']) {
      assert.equal(findXattr(join(layer, path), name), undefined, `${path} ${name}`)
    }
    assert.equal(findXattr(join(layer, path), 'user.fine')?.toString(), '/etc')
  }
})

test('truncated and damaged blobs are data_loss', async (t) => {
  const archive = encodeArchive([{ path: 'a', content: 'z'.repeat(50_000) }])
  const gzip = gzipSync(archive)
  const zstd = zstdCompressSync(archive)
  const flipped = Buffer.from(gzip)
  flipped[gzip.length - 6] = (flipped[gzip.length - 6] ?? 0) ^ 0xff
  const blobs = {
    'plain cut': archive.subarray(0, 20_000),
    'gzip cut': gzip.subarray(0, gzip.length - 20),
    'gzip checksum': flipped,
    'zstd cut': zstd.subarray(0, zstd.length - 8),
    'no archive': Buffer.alloc(5000, 'not a tar'),
  }
  for (const [name, blob] of Object.entries(blobs)) {
    const { layer } = layerPlace(t)
    await assert.rejects(extract(layer, blob), (error) => errorKind(error) === 'data_loss', name)
  }
})

test('bombs are cut by size, by ratio and by number of members', async (t) => {
  const bomb = gzipSync(encodeArchive([{ path: 'zeros', content: Buffer.alloc(20_000_000) }]))
  const many = encodeArchive(Array.from({ length: 50 }, (_, index) => ({ path: `f${index}` })))
  const cases: [Uint8Array, Limits, string][] = [
    [bomb, { maxTarBytes: 1_000_000 }, 'resource_exhausted'],
    [bomb, { maxRatio: 100, ratioFromBytes: 1_000_000 }, 'resource_exhausted'],
    [many, { maxEntries: 10 }, 'data_loss'],
  ]
  for (const [blob, limits, kind] of cases) {
    const { layer } = layerPlace(t)
    await assert.rejects(extract(layer, blob, limits), (error) => errorKind(error) === kind)
    const written = existsSync(join(layer, 'zeros')) ? statSync(join(layer, 'zeros')).size : 0
    assert.ok(written <= 2_000_000, `${written} bytes were written before the cut`)
  }
})

test('an aborted extraction stops, and its worker serves the next', async (t) => {
  const { layer } = layerPlace(t)
  const controller = new AbortController()
  const archive = encodeArchive([{ path: 'a', content: Buffer.alloc(3_000_000, 'a') }])
  const extractor = openLayerExtractor({ directory: layer, signal: controller.signal })
  await extractor.write(archive.subarray(0, 1_000_000))
  controller.abort()
  await assert.rejects(extractor.finish(), (error) => errorKind(error) === 'cancelled')
  await extractor.abort()
  const { layer: second } = layerPlace(t)
  assert.equal((await extract(second, archive)).sizeBytes, 3_000_000)
})

test('many extractions at once share few workers', async (t) => {
  const archives = Array.from({ length: 12 }, (_, index) =>
    encodeArchive([{ path: 'a', content: `layer ${index}`.repeat(10_000) }]),
  )
  const layers = archives.map(() => layerPlace(t).layer)
  await Promise.all(archives.map((archive, index) => extract(layers[index] ?? '', archive)))
  for (const [index, layer] of layers.entries()) {
    assert.ok(readFileSync(join(layer, 'a'), 'utf8').startsWith(`layer ${index}layer`))
  }
})

test('extractors that wait for their first bytes hold no worker', async (t) => {
  const archive = encodeArchive([{ path: 'a', content: 'x' }])
  const waiting = Array.from({ length: 20 }, () =>
    openLayerExtractor({ directory: layerPlace(t).layer }),
  )
  const { layer } = layerPlace(t)
  assert.equal((await extract(layer, archive)).entries, 1)
  await Promise.all(waiting.map((extractor) => extractor.abort()))
})

test('after an abort before the first bytes, writing and finishing fail with the reason', async (t) => {
  const { layer } = layerPlace(t)
  const signal = AbortSignal.abort()
  const extractor = openLayerExtractor({ directory: layer, signal })
  const isCancelled = (error: unknown) => errorKind(error) === 'cancelled'
  await assert.rejects(extractor.finish(), isCancelled)
  await assert.rejects(extractor.write(Buffer.alloc(1_000_000)), isCancelled)
  await extractor.abort()
  assert.deepEqual(describeTree(layer), [])
})
