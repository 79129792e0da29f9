import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { sampleRequest } from '#container/testing/sample.ts'
import { bindMount, mount as mountFilesystem, setPropagation, unmount } from '#sys/mount.ts'
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

function unmounting(path: string): Disposable {
  return { [Symbol.dispose]: () => unmount(path, { detach: true }) }
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

test('a source that went between create and start is made again, or missed', async (t) => {
  const directory = temporary(t)
  const { containers } = engine()
  const [made, given] = [join(directory, 'made'), join(directory, 'given')]
  mkdirSync(given)
  const mounts = [{ type: 'bind', source: given, target: '/given', isReadOnly: true }] as const
  const request = sampleRequest({ cmd: ['true'], host: { binds: [`${made}:/made`], mounts } })
  const { id } = await containers.create(request)
  rmSync(directory, { recursive: true })
  await assert.rejects(containers.start(id), {
    message: `invalid mount config for type "bind": bind source path does not exist: ${given}`,
  })
  assert.ok(existsSync(made))
  mkdirSync(given)
  await containers.start(id)
  await containers.remove(id, { force: true, volumes: true })
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

test('a container takes the mounts of others, below its own wishes', async (t) => {
  await loadContent()
  const { containers } = engine()
  const source = temporary(t)
  const [first, second] = [
    await containers.create(
      sampleRequest({
        imageName: 'content:1',
        host: { binds: [`${source}:/bound`, 'lent:/lent'], tmpfs: { '/memory': '' } },
      }),
    ),
    await containers.create(sampleRequest({ cmd: ['true'], host: { binds: ['other:/lent'] } })),
  ]
  const { id, stdout } = await shell('cat /data/file; touch /bound/x || echo kept', {
    imageName: 'content:1',
    host: {
      volumesFrom: [`${first.id}:ro`, second.id.slice(0, 12)],
      binds: [`${source}:/escape`],
    },
  })
  assert.equal(stdout, 'from imagekept\n')
  const volumeOf = (ref: string, target: string) =>
    containers
      .get(ref)
      .mounts.flatMap((mount) =>
        mount.target === target ? [mount.type === 'volume' ? mount.volume : mount.type] : [],
      )
  assert.deepEqual(volumeOf(id, '/data'), volumeOf(first.id, '/data'))
  assert.deepEqual(volumeOf(id, '/lent'), ['other'])
  assert.deepEqual(volumeOf(id, '/escape'), ['bind'])
  assert.deepEqual(volumeOf(id, '/memory'), [])
  const shared = volumeOf(id, '/data')[0] ?? ''
  await containers.remove(first.id, { force: false, volumes: true })
  assert.ok(engine().volumes.find(shared), 'another container still has it')
  await containers.remove(id, { force: false, volumes: true })
  assert.equal(engine().volumes.find(shared), undefined)
  await assert.rejects(shell('true', { host: { volumesFrom: ['nobody'] } }), {
    kind: 'invalid_argument',
    message: 'No such container: nobody',
  })
})

test('a read-only bind holds below its source too, unless told otherwise', async (t) => {
  const source = temporary(t)
  mkdirSync(join(source, 'below'))
  mountFilesystem({ target: join(source, 'below'), type: 'tmpfs', source: 'below' })
  using _mounted = unmounting(join(source, 'below'))
  const bind = { type: 'bind', source, isReadOnly: true } as const
  const { stdout } = await shell('for d in a b c; do touch /$d/below/x && echo $d; done; true', {
    host: {
      mounts: [
        { ...bind, target: '/a' },
        { ...bind, target: '/b', keepsSubmounts: true },
        { ...bind, target: '/c', isReadOnly: false, isNonRecursive: true },
      ],
    },
  })
  assert.equal(stdout, 'b\nc\n')
  assert.deepEqual(readdirSync(join(source, 'below')), ['x'])
})

test('mounts pass between host and container only over a mount that shares them', async (t) => {
  const source = temporary(t)
  const request = (mode: string) => ({
    cmd: ['sleep', '1000'],
    host: { binds: [`${source}:/shared:${mode}`] },
  })
  await assert.rejects(runContainer(engine(), request('rshared')), {
    message: /but it is not a shared mount$/,
  })
  bindMount(source, source)
  using _mounted = unmounting(source)
  setPropagation(source, 'private')
  await assert.rejects(runContainer(engine(), request('rslave')), {
    message: /is not a shared or slave mount$/,
  })
  setPropagation(source, 'shared')
  const { containers } = engine()
  const { id } = await containers.create(sampleRequest(request('rslave')))
  await containers.start(id)
  mkdirSync(join(source, 'late'))
  mountFilesystem({ target: join(source, 'late'), type: 'tmpfs', source: 'late' })
  writeFileSync(join(source, 'late/x'), 'seen')
  const { state } = containers.get(id)
  const pid = state.status === 'running' ? state.run.pid : 0
  assert.equal(readFileSync(`/proc/${pid}/root/shared/late/x`, 'utf8'), 'seen')
  await containers.remove(id, { force: true, volumes: true })
})

test('nothing is mounted over /proc or into it, by whatever name', async (t) => {
  const source = temporary(t)
  await loadVariant(engine(), 'linked', {
    layers: [[{ path: 'elsewhere', type: 'symlink', target: '/proc' }]],
  })
  for (const target of ['/proc', '/proc/self/attr', '/elsewhere', '/elsewhere/sys/x']) {
    const host = { binds: [`${source}:${target}`] }
    await assert.rejects(shell('true', { imageName: 'linked', host }), {
      kind: 'invalid_argument',
      message: /cannot be mounted because it is/,
    })
  }
  writeFileSync(join(source, 'uptime'), '1.0 1.0\n')
  const host = { binds: [`${join(source, 'uptime')}:/proc/uptime`] }
  assert.equal((await shell('cat /proc/uptime', { host })).stdout, '1.0 1.0\n')
  assert.equal((await shell('true', { host: { binds: ['/proc:/proc'] } })).code, 0)
})
