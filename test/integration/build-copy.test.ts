import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { setXattr, findXattr } from '#sys/xattr.ts'
import { shareTestBuilder, tagged, type TestBuild } from '#test/support/builder.ts'
import { makeTar } from '#test/support/images.ts'

const builder = shareTestBuilder()

/** Every entry below `root` that the base image does not have: `path mode uid:gid size-or-target`. */
function listing(root: string, below = 'out'): string[] {
  const visit = (path: string): string[] => {
    const stats = fs.lstatSync(join(root, path))
    const mode = (stats.mode & 0o7777).toString(8)
    const owner = `${stats.uid}:${stats.gid}`
    if (stats.isSymbolicLink()) return [`${path} -> ${fs.readlinkSync(join(root, path))} ${owner}`]
    if (!stats.isDirectory()) return [`${path} ${mode} ${owner}`]
    const children = fs.readdirSync(join(root, path)).toSorted()
    return [`${path}/ ${mode} ${owner}`, ...children.flatMap((name) => visit(`${path}/${name}`))]
  }
  return visit(below)
}

async function copied(instructions: string, build: TestBuild = {}): Promise<string[]> {
  await builder().build(`FROM busybox\n${instructions}\n`, { ...build, tags: tagged('copy:test') })
  return builder().inspect('copy:test', (root) => listing(root))
}

const files = {
  'a.txt': 'a',
  'b.txt': 'b',
  'c.md': 'c',
  'dir/one': '1',
  'dir/nested/two': '2',
  'other/three': '3',
}

const table: readonly [what: string, instructions: string, expected: string[]][] = [
  ['a file to a name', 'COPY a.txt /out', ['out 644 0:0']],
  ['a file into a directory by a slash', 'COPY a.txt /out/', ['out/ 755 0:0', 'out/a.txt 644 0:0']],
  [
    'a file into a directory that exists',
    'RUN mkdir /out\nCOPY a.txt /out',
    ['out/ 755 0:0', 'out/a.txt 644 0:0'],
  ],
  [
    "a directory's contents",
    'COPY dir /out',
    ['out/ 755 0:0', 'out/nested/ 755 0:0', 'out/nested/two 644 0:0', 'out/one 644 0:0'],
  ],
  ['a glob', 'COPY *.txt /out/', ['out/ 755 0:0', 'out/a.txt 644 0:0', 'out/b.txt 644 0:0']],
  [
    'a glob that matches nothing beside a file',
    'COPY a.txt none* /out/',
    ['out/ 755 0:0', 'out/a.txt 644 0:0'],
  ],
  [
    'a character class and a question mark',
    'COPY [ac].* ?.txt /out/',
    ['out/ 755 0:0', 'out/a.txt 644 0:0', 'out/b.txt 644 0:0', 'out/c.md 644 0:0'],
  ],
  ['a relative destination', 'WORKDIR /out\nCOPY a.txt .', ['out/ 755 0:0', 'out/a.txt 644 0:0']],
  [
    '--chown by name, on made directories too',
    'COPY --chown=alice:extra a.txt /out/deep/',
    ['out/ 755 1000:1001', 'out/deep/ 755 1000:1001', 'out/deep/a.txt 644 1000:1001'],
  ],
  ['--chown by number', 'COPY --chown=55 a.txt /out', ['out 644 55:55']],
  ['--chmod in octal', 'COPY --chmod=4751 a.txt /out', ['out 4751 0:0']],
  [
    '--chmod in symbols',
    'COPY --chmod=u=rwX,go=rX dir /out',
    ['out/ 755 0:0', 'out/nested/ 755 0:0', 'out/nested/two 644 0:0', 'out/one 644 0:0'],
  ],
  [
    '--exclude',
    'COPY --exclude=nested --exclude=*.md dir c.md a.txt /out/',
    ['out/ 755 0:0', 'out/a.txt 644 0:0', 'out/one 644 0:0'],
  ],
  [
    '--parents',
    'COPY --parents dir/nested/two other/thr* /out/',
    [
      'out/ 755 0:0',
      'out/dir/ 755 0:0',
      'out/dir/nested/ 755 0:0',
      'out/dir/nested/two 644 0:0',
      'out/other/ 755 0:0',
      'out/other/three 644 0:0',
    ],
  ],
  [
    '--parents with a pivot and **',
    'COPY --parents ./dir/./**/two /out/',
    ['out/ 755 0:0', 'out/nested/ 755 0:0', 'out/nested/two 644 0:0'],
  ],
  ['--link', 'COPY --link --chmod=600 dir/one /out/one', ['out/ 755 0:0', 'out/one 600 0:0']],
  [
    'a heredoc with variables',
    'ARG who=you\nCOPY <<one <<"two" /out/\nhello $who\none\nraw $who\ntwo',
    ['out/ 755 0:0', 'out/one 644 0:0', 'out/two 644 0:0'],
  ],
  [
    'through a symbolic link of the image, without leaving it',
    'RUN mkdir /out && ln -s ../../../out /link\nCOPY a.txt /link/x/',
    ['out/ 755 0:0', 'out/x/ 755 0:0', 'out/x/a.txt 644 0:0'],
  ],
  ['over a symbolic link', 'RUN ln -s target /out\nCOPY a.txt /out', ['out -> target 0:0']],
  [
    'WORKDIR for a user',
    'USER alice\nWORKDIR /out/w',
    ['out/ 755 1000:1000', 'out/w/ 755 1000:1000'],
  ],
]

for (const [what, instructions, expected] of table) {
  test(`COPY: ${what}`, async () => {
    assert.deepEqual(await copied(instructions, { files }), expected)
  })
}

test('COPY keeps modes, links, holes, attributes and times of a context, but not owners', async () => {
  const context = join(builder().identity.root, 'rich')
  fs.mkdirSync(join(context, 'd'), { recursive: true })
  const path = (name: string) => join(context, 'd', name)
  fs.writeFileSync(path('run'), '#!/bin/sh\n', { mode: 0o751 })
  fs.chmodSync(path('run'), 0o4751)
  fs.chownSync(path('run'), 1234, 4321)
  fs.chmodSync(path('run'), 0o4751)
  fs.linkSync(path('run'), path('same'))
  fs.symlinkSync('../../nowhere', path('dangling'))
  fs.writeFileSync(path('sparse'), 'start')
  fs.truncateSync(path('sparse'), 8 * 1024 * 1024)
  setXattr(path('run'), 'user.note', Buffer.from('kept'))
  execFileSync('/usr/bin/mkfifo', ['-m', '620', path('fifo')])
  fs.utimesSync(path('run'), 1_000_000_000.5, 1_000_000_000.5)
  await builder().build('FROM busybox\nCOPY d /out\n', { context, tags: tagged('copy:rich') })
  await builder().inspect('copy:rich', (root) => {
    const out = (name: string) => join(root, 'out', name)
    assert.deepEqual(listing(root), [
      'out/ 755 0:0',
      'out/dangling -> ../../nowhere 0:0',
      'out/fifo 620 0:0',
      'out/run 4751 0:0',
      'out/same 4751 0:0',
      'out/sparse 644 0:0',
    ])
    assert.equal(fs.statSync(out('run')).ino, fs.statSync(out('same')).ino)
    assert.equal(fs.statSync(out('run')).mtimeMs, 1_000_000_000_500)
    assert.equal(findXattr(out('run'), 'user.note')?.toString(), 'kept')
    assert.ok(fs.statSync(out('sparse')).blocks * 512 < 1024 * 1024, 'the hole stays a hole')
  })
})

test('COPY --from keeps owners, of stages and of images', async () => {
  const dockerfile = `FROM busybox AS made
RUN mkdir /x && echo 1 > /x/f && chown alice:extra /x/f
FROM busybox
COPY --from=made /x /out
COPY --from=busybox /etc/passwd /out/
`
  await builder().build(dockerfile, { tags: tagged('copy:from') })
  const found = await builder().inspect('copy:from', (root) => listing(root))
  assert.deepEqual(found, ['out/ 755 0:0', 'out/f 644 1000:1001', 'out/passwd 644 0:0'])
})

test('COPY merges into directories: the outer one keeps its attributes, inner ones take them', async () => {
  const found = await copied(
    'RUN mkdir -p /out/nested && chmod 700 /out /out/nested && chown alice /out\nCOPY dir /out',
    { files },
  )
  assert.deepEqual(found.slice(0, 2), ['out/ 700 1000:0', 'out/nested/ 755 0:0'])
})

test('what the ignore file keeps out is not there, and is named when it is asked for', async () => {
  const ignore = ['*.md', 'dir', '!dir/nested']
  const found = await copied('COPY . /out', { files, ignore })
  assert.deepEqual(
    found.filter((line) => !line.includes('/ ')),
    [
      'out/a.txt 644 0:0',
      'out/b.txt 644 0:0',
      'out/dir/nested/two 644 0:0',
      'out/other/three 644 0:0',
    ],
  )
  await assert.rejects(
    copied('COPY c.md /out', { files, ignore }),
    (error: Error & { hint?: string }) => {
      assert.match(error.message, /failed to calculate checksum of ref .*: "\/c\.md": not found/)
      assert.match(error.hint ?? '', /excluded/)
      return true
    },
  )
})

test('a file that is not there fails with its path', async () => {
  await assert.rejects(copied('COPY nothing /out', { files }), {
    message: /failed to compute cache key: .*"\/nothing": not found$/,
  })
})

test('a context cannot lead outside: neither by path nor by link', async () => {
  const context = join(builder().identity.root, 'hostile')
  fs.mkdirSync(context)
  fs.symlinkSync('/etc', join(context, 'outside'))
  fs.symlinkSync('loop', join(context, 'loop'))
  const build = (instruction: string) =>
    builder().build(`FROM busybox\n${instruction}\n`, { context })
  await assert.rejects(build('COPY ../../../../etc/hostname /out'), { message: /not found/ })
  await assert.rejects(build('COPY outside/hostname /out'), { message: /not found/ })
  await assert.rejects(build('COPY loop /out'), { message: /"\/loop": too many links/ })
})

test('ADD unpacks tars of every compression, and nothing else', async () => {
  const tar = await makeTar([
    { path: 'in/', type: 'directory', mode: 0o750, uid: 7, gid: 8 },
    { path: 'in/.wh.file', type: 'file', content: 'x', uid: 7, gid: 8 },
  ])
  const context = join(builder().identity.root, 'archives')
  fs.mkdirSync(context)
  fs.writeFileSync(join(context, 'plain.tar'), tar)
  fs.writeFileSync(join(context, 'a.tgz'), gzipSync(tar))
  fs.writeFileSync(join(context, 'a.zst'), zstdCompressSync(tar))
  fs.writeFileSync(join(context, 'text.gz'), gzipSync('no archive'))
  execFileSync('/bin/sh', ['-c', 'bzip2 -k plain.tar && xz -k plain.tar'], { cwd: context })
  for (const name of ['plain.tar', 'a.tgz', 'a.zst', 'plain.tar.bz2', 'plain.tar.xz']) {
    await builder().build(`FROM busybox\nADD ${name} /out/\n`, {
      context,
      tags: tagged('copy:add'),
    })
    const found = await builder().inspect('copy:add', (root) => listing(root))
    assert.deepEqual(found, ['out/ 755 0:0', 'out/in/ 750 7:8', 'out/in/.wh.file 644 7:8'], name)
  }
  const dockerfile = 'FROM busybox\nADD text.gz /out/\nADD --unpack=false a.tgz /out/\n'
  await builder().build(dockerfile, { context, tags: tagged('copy:add') })
  const kept = await builder().inspect('copy:add', (root) => listing(root))
  assert.deepEqual(kept, ['out/ 755 0:0', 'out/a.tgz 644 0:0', 'out/text.gz 644 0:0'])
})

test('a directory over a file, and a file over a directory, are refused', async () => {
  await assert.rejects(copied('RUN touch /out\nCOPY dir /out', { files }), {
    message: /cannot copy to non-directory: \/out/,
  })
  await assert.rejects(copied('RUN mkdir -p /out/a.txt/x\nCOPY a.txt /out/', { files }), {
    message: /cannot overwrite directory/,
  })
})

test('a directory that COPY makes is no copy: root owns it, and only its time is the source’s', async () => {
  const dockerfile = `FROM busybox AS made
RUN mkdir -p /s/in && chown 5:6 /s /s/in && chmod 2711 /s && chmod 700 /s/in
FROM busybox
COPY --from=made /s /out/plain
COPY --from=made --chown=9:8 /s /out/owned
COPY --from=made --chmod=750 /s /out/octal`
  await builder().build(dockerfile, { tags: tagged('copy:directories') })
  assert.deepEqual(await builder().inspect('copy:directories', (root) => listing(root)), [
    'out/ 755 0:0',
    'out/octal/ 750 0:0',
    'out/octal/in/ 750 5:6',
    'out/owned/ 755 9:8',
    'out/owned/in/ 700 9:8',
    'out/plain/ 755 0:0',
    'out/plain/in/ 700 5:6',
  ])
})

test('octal modes are also for directories on the way, symbolic ones only for what is copied', async () => {
  assert.deepEqual(await copied('COPY --chmod=700 a.txt /out/deep/', { files }), [
    'out/ 700 0:0',
    'out/deep/ 700 0:0',
    'out/deep/a.txt 700 0:0',
  ])
  assert.deepEqual(await copied('COPY --chmod=go= a.txt /out/deep/', { files }), [
    'out/ 755 0:0',
    'out/deep/ 755 0:0',
    'out/deep/a.txt 600 0:0',
  ])
})

test('a name that the target lacks means root, and the step says so', async () => {
  const dockerfile = 'FROM busybox\nCOPY --chown=nosuch a.txt /out\n'
  const { output } = await builder().build(dockerfile, { files, tags: tagged('copy:unknown') })
  assert.match(output, /unable to find user nosuch: no matching entries in passwd file/)
  const made = await builder().inspect('copy:unknown', (root) => listing(root))
  assert.deepEqual(made, ['out 644 0:0'])
})

test('--chown is for what ADD unpacks too, --chmod is not, and the directory it fills stays as it was', async () => {
  const tar = await makeTar([
    { path: './', type: 'directory', mode: 0o711, uid: 7, gid: 8 },
    { path: './f', type: 'file', mode: 0o640, uid: 7, gid: 8 },
  ])
  const build = { files: { 'a.tar': tar } }
  assert.deepEqual(await copied('ADD a.tar /out/', build), ['out/ 755 0:0', 'out/f 640 7:8'])
  assert.deepEqual(await copied('ADD --chown=5:6 --chmod=600 a.tar /out/', build), [
    'out/ 755 5:6',
    'out/f 640 5:6',
  ])
})

test('files and heredocs of one instruction are one layer and one line of history', async () => {
  const dockerfile = `FROM scratch
COPY <<one a.txt <<-"two" /out/
1
one
	2
	two`
  await builder().build(dockerfile, { files, tags: tagged('copy:mixed') })
  const image = builder().images.find('copy:mixed')
  assert.deepEqual(
    image?.config.history?.map(({ created_by: text }) => text),
    ['COPY a.txt <<one <<two /out/ # buildkit'],
  )
  assert.equal(image?.config.rootfs.diff_ids.length, 1)
})
