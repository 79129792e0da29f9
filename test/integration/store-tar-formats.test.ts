import assert from 'node:assert/strict'
import { createReadStream, mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { archiveDirectory } from '#sys/tar/archiver.ts'
import { openLayerExtractor } from '#sys/tar/extractor.ts'
import { makeDeviceNode } from '#sys/files.ts'
import { findXattr, setXattr } from '#sys/xattr.ts'
import { runOk } from '#test/support/commands.ts'
import { describeTree, temporaryDirectory } from '#test/support/trees.ts'

/** A tree that each format can hold, made by other people's tools. */
async function makeTree(t: TestContext): Promise<string> {
  const tree = join(temporaryDirectory(t, 'tree'), 'tree')
  mkdirSync(tree)
  const script = `
    set -e
    printf hello > file; chmod 4755 file; chown 12:34 file; ln file hard; ln -s ../x link
    mkfifo pipe; mknod null c 1 3; mkdir -p deep/er; printf x > deep/er/f; chmod 2750 deep
    truncate -s 8M sparse; printf middle | dd of=sparse bs=1 seek=4000000 conv=notrunc status=none`
  await runOk('sh', ['-c', `cd '${tree}' && ${script}`])
  return tree
}

async function extractFile(archive: string, target: string): Promise<void> {
  mkdirSync(target)
  await using extractor = openLayerExtractor({ directory: target })
  for await (const chunk of createReadStream(archive, { highWaterMark: 3000 })) {
    await extractor.write(chunk)
  }
  await extractor.finish()
}

for (const format of ['pax', 'gnu', 'ustar', 'oldgnu']) {
  test(`reads what GNU tar writes as ${format}`, async (t) => {
    const tree = await makeTree(t)
    const long = join(tree, format === 'ustar' ? 'n'.repeat(90) : 'n'.repeat(200))
    writeFileSync(long, 'long')
    const base = temporaryDirectory(t, 'formats')
    const sparse = format === 'ustar' ? [] : ['--sparse']
    const archive = join(base, 'a.tar')
    await runOk('tar', [`--format=${format}`, ...sparse, '-C', tree, '-cf', archive, '.'])
    const target = join(base, 'out')
    await extractFile(archive, target)
    assert.deepEqual(describeTree(target), describeTree(tree))
    if (format !== 'ustar') {
      const { blocks } = statSync(join(target, 'sparse'))
      assert.ok(blocks < 1000, `the holes of a sparse file were filled: ${blocks} blocks`)
    }
  })
}

for (const version of ['0.0', '0.1', '1.0']) {
  test(`reads sparse format ${version}`, async (t) => {
    const tree = await makeTree(t)
    const archive = join(temporaryDirectory(t, 'sparse'), 'a.tar')
    const options = ['--format=pax', '--sparse', `--sparse-version=${version}`]
    await runOk('tar', [...options, '-C', tree, '-cf', archive, '.'])
    const target = join(temporaryDirectory(t, 'sparse-out'), 'out')
    await extractFile(archive, target)
    assert.deepEqual(describeTree(target), describeTree(tree))
  })
}

test('reads extended attributes and nanoseconds of GNU tar', async (t) => {
  const tree = temporaryDirectory(t, 'xattrs')
  writeFileSync(join(tree, 'a'), 'x')
  setXattr(join(tree, 'a'), 'user.colour', Buffer.from('blue\n=\0'))
  await runOk('setcap', ['cap_net_raw+ep', join(tree, 'a')])
  utimesSync(join(tree, 'a'), 1_500_000_000, 1_500_000_000.25)
  const archive = join(temporaryDirectory(t, 'xattrs-tar'), 'a.tar')
  const options = ['--format=pax', '--xattrs', '--xattrs-include=*']
  await runOk('tar', [...options, '-C', tree, '-cf', archive, '.'])
  const target = join(temporaryDirectory(t, 'xattrs-out'), 'out')
  await extractFile(archive, target)
  for (const name of ['user.colour', 'security.capability']) {
    assert.deepEqual(findXattr(join(target, 'a'), name), findXattr(join(tree, 'a'), name), name)
  }
  assert.equal(statSync(join(target, 'a'), { bigint: true }).mtimeNs, 1_500_000_000_250_000_000n)
})

test("reads what Python's tarfile writes", async (t) => {
  const tree = await makeTree(t)
  const base = temporaryDirectory(t, 'python')
  for (const format of ['PAX_FORMAT', 'GNU_FORMAT', 'USTAR_FORMAT']) {
    const archive = join(base, `${format}.tar`)
    const script = `import tarfile; t = tarfile.open('${archive}', 'w', format=tarfile.${format}); t.add('${tree}', '.'); t.close()`
    await runOk('python3', ['-c', script])
    const target = join(base, format)
    await extractFile(archive, target)
    assert.deepEqual(describeTree(target), describeTree(tree), format)
  }
})

test('GNU tar reads what the archiver writes, and the same tree gives the same bytes', async (t) => {
  const tree = await makeTree(t)
  writeFileSync(join(tree, 'é'.repeat(120)), 'long')
  const archive = async () =>
    Buffer.concat(await Array.fromAsync(archiveDirectory({ directory: tree })))
  const bytes = await archive()
  assert.ok(bytes.equals(await archive()))
  const base = temporaryDirectory(t, 'archiver')
  writeFileSync(join(base, 'a.tar'), bytes)
  mkdirSync(join(base, 'out'))
  await runOk('tar', ['--numeric-owner', '-p', '-C', join(base, 'out'), '-xf', join(base, 'a.tar')])
  assert.deepEqual(describeTree(join(base, 'out')), describeTree(tree))
})

test("an overlay's upper directory is archived with OCI whiteouts and comes back the same", async (t) => {
  const base = temporaryDirectory(t, 'upper')
  const upper = join(base, 'upper')
  mkdirSync(join(upper, 'opaque'), { recursive: true })
  writeFileSync(join(upper, 'opaque/new'), 'x')
  setXattr(join(upper, 'opaque'), 'trusted.overlay.opaque', Buffer.from('y'))
  makeDeviceNode(join(upper, 'gone'), { type: 'character', mode: 0, major: 0, minor: 0 })
  const bytes = Buffer.concat(
    await Array.fromAsync(archiveDirectory({ directory: upper, asLayer: true })),
  )
  writeFileSync(join(base, 'a.tar'), bytes)
  const { stdout } = await runOk('tar', ['-tf', join(base, 'a.tar')])
  assert.deepEqual(stdout.trim().split('\n'), [
    './',
    '.wh.gone',
    'opaque/',
    'opaque/.wh..wh..opq',
    'opaque/new',
  ])
  await extractFile(join(base, 'a.tar'), join(base, 'out'))
  assert.deepEqual(describeTree(join(base, 'out')), describeTree(upper))
  const mark = findXattr(join(base, 'out/opaque'), 'trusted.overlay.opaque')
  assert.equal(mark?.toString(), 'y')
})

test('archiving a directory that does not exist fails with its path', async () => {
  const pieces = archiveDirectory({ directory: '/nonexistent/tree' })
  await assert.rejects(
    Array.fromAsync(pieces),
    /archive directory: .*"\/nonexistent\/tree": ENOENT/,
  )
})
