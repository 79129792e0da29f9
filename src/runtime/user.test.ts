import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import test, { type TestContext } from 'node:test'
import { makeFifo } from '#sys/files.ts'
import { resolveUser } from '#runtime/user.ts'

const passwd = [
  'root:x:0:0:root:/root:/bin/sh',
  'app:x:1000:100:App:/home/app:/bin/sh',
  '77:x:1077:1077::/home/seven:/bin/sh',
  'wrapped:x:4294967296:0::/:',
  'negative:x:-1:0::/:',
  'homeless:x:5:5::',
].join('\n')
const group = ['root:x:0:', 'users:x:100:', 'audio:x:29:app,other', 'wheel:x:10:app'].join('\n')

function makeRootfs(t: TestContext): string {
  const rootfs = mkdtempSync(`${tmpdir()}/gantry-user-`)
  t.after(() => rmSync(rootfs, { recursive: true }))
  mkdirSync(`${rootfs}/etc`)
  writeFileSync(`${rootfs}/etc/passwd`, passwd)
  writeFileSync(`${rootfs}/etc/group`, group)
  return rootfs
}

test('users by name and id, with their groups and the primary one among them', (t) => {
  const rootfs = makeRootfs(t)
  const ids = (user: string, groupAdd: readonly string[] = []) => {
    const resolved = resolveUser({ rootfs, user, groupAdd })
    const { uid, gid, additionalGids } = resolved.user
    return [uid, gid, additionalGids, resolved.home]
  }
  assert.deepEqual(ids(''), [0, 0, [0], '/root'])
  assert.deepEqual(ids('app'), [1000, 100, [100, 29, 10], '/home/app'])
  assert.deepEqual(ids('1000'), [1000, 100, [100, 29, 10], '/home/app'])
  assert.deepEqual(ids('app:audio'), [1000, 29, [29], '/home/app'])
  assert.deepEqual(ids('app:4242'), [1000, 4242, [4242], '/home/app'])
  assert.deepEqual(ids('4242'), [4242, 0, [0], '/'])
  assert.deepEqual(ids('4242:users'), [4242, 100, [100], '/'])
  assert.deepEqual(ids('77'), [1077, 1077, [1077], '/home/seven'])
  assert.deepEqual(ids('homeless'), [5, 5, [5], '/'])
  assert.deepEqual(ids('app', ['audio', '555']), [1000, 100, [100, 29, 10, 555], '/home/app'])
})

test('what names nobody is refused with Docker’s texts', (t) => {
  const rootfs = makeRootfs(t)
  const refused = (user: string, message: string | RegExp, groupAdd: readonly string[] = []) =>
    assert.throws(() => resolveUser({ rootfs, user, groupAdd }), {
      kind: 'invalid_argument',
      message,
    })
  refused('nobody', 'unable to find user nobody: no matching entries in passwd file')
  refused('wrapped', 'unable to find user wrapped: no matching entries in passwd file')
  refused('negative', 'unable to find user negative: no matching entries in passwd file')
  refused('app:nogroup', 'unable to find group nogroup: no matching entries in group file')
  refused('app', 'unable to find group nogroup: no matching entries in group file', ['nogroup'])
  refused('-1', 'uids and gids must be in range 0-2147483647')
  refused('4294967296', 'uids and gids must be in range 0-2147483647')
  refused('0:-1', 'uids and gids must be in range 0-2147483647')
  refused('0:0:x', /more than one colon/)
})

test('files are read inside the root only, and only regular ones of a sane size', (t) => {
  const rootfs = makeRootfs(t)
  const replace = (make: (path: string) => void) => {
    rmSync(`${rootfs}/etc/passwd`, { force: true })
    make(`${rootfs}/etc/passwd`)
  }
  replace(() => undefined)
  assert.equal(resolveUser({ rootfs, user: '' }).home, '/')
  // The host's own /etc/passwd knows root's home; an absolute link must not reach it.
  replace((path) => symlinkSync('/etc/shadow-of-host', path))
  assert.equal(resolveUser({ rootfs, user: '' }).home, '/')
  writeFileSync(`${rootfs}/elsewhere`, 'app:x:7:7::/seven:')
  replace((path) => symlinkSync('/elsewhere', path))
  assert.equal(resolveUser({ rootfs, user: 'app' }).user.uid, 7)
  replace((path) => symlinkSync('../../../../../../elsewhere', path))
  assert.equal(resolveUser({ rootfs, user: 'app' }).user.uid, 7)
  replace((path) => makeFifo(path, 0o600))
  assert.throws(() => resolveUser({ rootfs, user: 'app' }), { message: /not a regular file/ })
  replace((path) => writeFileSync(path, 'x'.repeat(1024 * 1024 + 1)))
  assert.throws(() => resolveUser({ rootfs, user: 'app' }), { message: /too large/ })
})
