import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { silentLogger } from '#base/log.ts'
import { openMetadataDb } from '#store/database.ts'
import { openVolumes } from '#volume/open.ts'
import type { VolumeEvent } from '#volume/types.ts'

function world(t: TestContext) {
  const root = mkdtempSync(join(tmpdir(), 'volumes-'))
  const db = openMetadataDb({ root, log: silentLogger })
  t.after(() => {
    db[Symbol.dispose]()
    rmSync(root, { recursive: true, force: true })
  })
  const events: VolumeEvent[] = []
  const directory = join(root, 'volumes')
  const open = () =>
    openVolumes({
      root: directory,
      db,
      log: silentLogger,
      onEvent: (event) => void events.push(event),
    })
  return { root, directory, events, open }
}

test('a volume is made once, survives, and goes for good', async (t) => {
  const { directory, events, open } = world(t)
  const volumes = await open()
  const [one, same] = await Promise.all([
    volumes.create({ name: 'web', labels: { a: 'b' } }),
    volumes.create({ name: 'web' }),
  ])
  assert.equal(one, same)
  assert.equal(statSync(directory).mode & 0o777, 0o701, 'nobody can list the volumes')
  assert.deepEqual((await open()).list(), [one])
  await assert.rejects(volumes.remove('web', ['id1', 'id2']), {
    kind: 'conflict',
    message: 'remove web: volume is in use - [id1, id2]',
  })
  await volumes.remove('web', [])
  assert.equal(existsSync(join(directory, 'web')), false)
  assert.throws(() => volumes.get('web'), { message: 'get web: no such volume' })
  assert.deepEqual(
    events.map(({ action, name }) => `${action} ${name}`),
    ['create web', 'destroy web'],
  )
})

test('a volume without a name is anonymous', async (t) => {
  const volumes = await world(t).open()
  const { name, isAnonymous } = await volumes.create({})
  assert.match(name, /^[0-9a-f]{64}$/)
  assert.equal(isAnonymous, true)
})

test('copy-up takes links as links, and only into an empty volume', async (t) => {
  const { root, open } = world(t)
  const volumes = await open()
  const source = join(root, 'source')
  mkdirSync(source, { mode: 0o751 })
  symlinkSync('/etc/passwd', join(source, 'link'))
  writeFileSync(join(source, 'file'), 'x', { mode: 0o604 })
  const { mountpoint } = await volumes.create({ name: 'copy' })
  await volumes.populate('copy', source)
  assert.equal(readlinkSync(join(mountpoint, 'link')), '/etc/passwd')
  assert.equal(lstatSync(join(mountpoint, 'file')).mode & 0o777, 0o604)
  assert.equal(statSync(mountpoint).mode & 0o777, 0o751)
  rmSync(join(mountpoint, 'link'))
  await volumes.populate('copy', source)
  assert.deepEqual(readdirSync(mountpoint), ['file'])
})

test('a removal that was cut short is ended, and its name is free at once', async (t) => {
  const { directory, open } = world(t)
  const volumes = await open()
  const { mountpoint } = await volumes.create({ name: 'data' })
  writeFileSync(join(mountpoint, 'old'), 'x')
  const removal = volumes.remove('data', [])
  await Promise.all([removal, volumes.create({ name: 'data' })])
  assert.deepEqual(readdirSync(mountpoint), [])
  const aside = join(directory, '.removed', 'x')
  mkdirSync(aside, { recursive: true })
  renameSync(join(directory, 'data'), join(aside, 'data'))
  const later = await open()
  assert.deepEqual(later.list(), [])
  assert.deepEqual(readdirSync(directory), [])
})

test('a creation that was cut short is a volume, or nothing', async (t) => {
  const { directory, open } = world(t)
  const { mountpoint } = await (await open()).create({ name: 'data' })
  rmSync(join(directory, 'data'), { recursive: true })
  assert.equal((await open()).get('data').mountpoint, mountpoint)
  assert.deepEqual(readdirSync(mountpoint), [])
})

test('a copy that failed or was cut short leaves an empty volume', async (t) => {
  const { root, directory, open } = world(t)
  const volumes = await open()
  const { mountpoint } = await volumes.create({ name: 'copy' })
  await assert.rejects(volumes.populate('copy', join(root, 'nowhere')), {
    message: /^populate volume "copy": copy failed: /,
  })
  writeFileSync(join(mountpoint, 'half'), '')
  writeFileSync(join(directory, 'copy', 'copying'), '')
  await open()
  assert.deepEqual(readdirSync(mountpoint), [])
  assert.deepEqual(readdirSync(join(directory, 'copy')), ['_data'])
})
