import assert from 'node:assert/strict'
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { sampleRequest } from '#container/testing/sample.ts'
import {
  loadVariant,
  runContainer,
  shareTestEngine,
  type RunRequest,
} from '#test/support/in-process.ts'

const engine = shareTestEngine()
const shell = (script: string, request: RunRequest = {}) =>
  runContainer(engine(), { ...request, cmd: ['sh', '-c', script] })

function temporary(t: TestContext): string {
  const path = mkdtempSync('/tmp/volumes-')
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function loadContent(): Promise<void> {
  await loadVariant(engine(), 'content:1', {
    layers: [
      [
        { path: 'data', type: 'directory', mode: 0o750, uid: 1000, gid: 1001 },
        { path: 'data/file', type: 'file', mode: 0o4711, uid: 33, gid: 33, content: 'from image' },
        { path: 'data/link', type: 'symlink', target: 'file' },
        { path: 'data/deep', type: 'directory', mode: 0o700 },
        { path: 'data/deep/more', type: 'file', content: 'more' },
        // A mount point that is a link out of the filesystem, as a hostile image has it.
        { path: 'escape', type: 'symlink', target: '../../../../../../../../etc' },
      ],
    ],
    config: { Cmd: ['sh'], Volumes: { '/data': {}, '/escape': {} } },
  })
}

test('a new volume takes what the image has there, as it is', async () => {
  await loadContent()
  const { id, stdout } = await shell('cat /data/file; echo; cat /data/link /data/deep/more', {
    imageName: 'content:1',
    host: { binds: ['content:/data'] },
  })
  assert.equal(stdout, 'from image\nfrom imagemore')
  const { mountpoint } = engine().volumes.get('content')
  const [root, file] = [statSync(mountpoint), statSync(join(mountpoint, 'file'))]
  assert.deepEqual([root.mode & 0o7777, root.uid, root.gid], [0o750, 1000, 1001])
  assert.deepEqual([file.mode & 0o7777, file.uid, file.gid], [0o4711, 33, 33])
  assert.equal(readlinkSync(join(mountpoint, 'link')), 'file')
  writeFileSync(join(mountpoint, 'file'), 'changed')
  const again = await shell('cat /data/file', {
    imageName: 'content:1',
    host: { binds: ['content:/data'] },
  })
  assert.equal(again.stdout, 'changed', 'a volume with content is left alone')
  await assert.rejects(engine().volumes.remove('content', [id]), {
    kind: 'conflict',
    message: `remove content: volume is in use - [${id}]`,
  })
})

test('a volume over a link to the outside takes nothing from the host', async () => {
  await loadContent()
  const { id } = await shell('true', { imageName: 'content:1' })
  const mount = engine()
    .containers.get(id)
    .mounts.find(({ target }) => target === '/escape')
  assert.equal(mount?.type, 'volume')
  const source = mount?.type === 'volume' ? mount.source : '/'
  assert.equal(existsSync(join(source, 'os-release')), false, 'the host has /etc/os-release')
})

test('anonymous volumes go with the container when asked, named ones stay', async () => {
  const request = { volumePaths: ['/anonymous'], host: { binds: ['kept:/kept'] } }
  const { id } = await shell('true', request)
  const names = engine()
    .containers.get(id)
    .mounts.flatMap((mount) => (mount.type === 'volume' ? [mount.volume] : []))
  const anonymous = names.find((name) => name !== 'kept') ?? ''
  assert.equal(engine().volumes.get(anonymous).isAnonymous, true)
  await engine().containers.remove(id, { force: false, volumes: true })
  assert.equal(engine().volumes.find(anonymous), undefined)
  assert.equal(engine().volumes.get('kept').name, 'kept')
})

test('binds: a missing source is made, read-only holds, files can be mounted', async (t) => {
  const directory = temporary(t)
  writeFileSync(join(directory, 'config'), 'text')
  const { stdout, stderr } = await shell('echo x > /out/x; cat /etc/app; touch /ro/x', {
    host: {
      binds: [
        `${directory}/made/here:/out`,
        `${directory}/config:/etc/app:ro`,
        `${directory}:/ro:ro`,
      ],
    },
  })
  assert.equal(readFileSync(join(directory, 'made/here/x'), 'utf8'), 'x\n')
  assert.equal(stdout, 'text')
  assert.match(stderr, /Read-only file system/)
})

test('--mount refuses a source that does not exist, and nothing is left of the create', async () => {
  const mounts = [
    { type: 'bind', source: '/no/such/place', target: '/x', isReadOnly: false },
  ] as const
  const before = engine().containers.list().length
  await assert.rejects(
    engine().containers.create(sampleRequest({ name: 'never', host: { mounts } })),
    {
      kind: 'invalid_argument',
      message:
        'invalid mount config for type "bind": bind source path does not exist: /no/such/place',
    },
  )
  assert.equal(engine().containers.list().length, before)
  const { id } = await engine().containers.create(sampleRequest({ name: 'never' }))
  await engine().containers.remove(id, { force: false, volumes: false })
})

test('a volume of the local driver can be a tmpfs', async () => {
  const options = { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,uid=1000' }
  await engine().volumes.create({ name: 'memory', options })
  const { stdout } = await shell('df -k /m | tail -n 1; stat -c %u /m', {
    host: { binds: ['memory:/m'] },
  })
  assert.match(stdout, /^tmpfs +1024 .*\/m\n1000\n$/)
  await engine().volumes.remove('memory', [])
})

test('volume names follow the rules', async () => {
  await assert.rejects(engine().volumes.create({ name: 'a/b' }), {
    kind: 'invalid_argument',
    message:
      'create a/b: "a/b" includes invalid characters for a local volume name, only ' +
      '"[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. ' +
      'If you intended to pass a host directory, use absolute path',
  })
})
