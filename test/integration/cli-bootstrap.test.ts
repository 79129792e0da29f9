import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { shareEngine } from '#test/support/engine.ts'
import { makeTar } from '#test/support/images.ts'

const engine = shareEngine({ hasBusybox: false })

/** A directory with a program `mmdebstrap` of these lines, first on the search path. */
function program(name: string, script: string): { readonly PATH: string } {
  const directory = join(engine().identity.root, name)
  mkdirSync(directory)
  writeFileSync(join(directory, 'mmdebstrap'), `#!/bin/sh\n${script}\n`)
  chmodSync(join(directory, 'mmdebstrap'), 0o755)
  return { PATH: `${directory}:${process.env['PATH']}` }
}

const mirror = ['--mirror', 'http://127.0.0.1:1/debian']

test('what mmdebstrap makes becomes an image of the name that was asked for', async () => {
  const { root } = engine().identity
  const tar = join(root, 'system.tar')
  writeFileSync(tar, await makeTar([{ path: 'etc/os', type: 'file', content: 'small' }]))
  const env = program('good', `echo "$@" > ${root}/arguments; echo 'I: working' >&2; cat ${tar}`)
  const args = ['image', 'bootstrap', ...mirror, '--include', 'curl,less', 'debian:bookworm']
  const made = await engine().gantry(args, { env })
  assert.equal(made.code, 0, made.stderr)
  assert.equal(made.stderr, 'working\n')
  assert.match(made.stdout, /^sha256:[0-9a-f]{64}\n$/)
  const given = readFileSync(`${root}/arguments`, 'utf8')
  assert.match(given, /--include=curl,less bookworm - http:\/\/127\.0\.0\.1:1\/debian\n$/)
  const image = await engine().client.images.inspect('debian:bookworm')
  assert.equal(image.Comment, 'Bootstrapped from debian:bookworm')
  assert.deepEqual(image.Config?.Cmd, ['bash'])
})

test('a mmdebstrap that fails half-way leaves no image', async () => {
  const text = 'E: no such suite'
  const env = program('half', `head -c 100000 /dev/zero; echo '${text}' >&2; exit 25`)
  const failed = await engine().gantry(['image', 'bootstrap', ...mirror, 'debian:half'], { env })
  assert.equal(failed.code, 1)
  assert.equal(failed.stderr, `bootstrap half: mmdebstrap failed:\n${text}\n`)
  await assert.rejects(engine().client.images.inspect('debian:half'), { kind: 'not_found' })
})

test('errors say what to do', async () => {
  const missing = { PATH: '/nonexistent' }
  const args = ['image', 'bootstrap', ...mirror, 'debian:bookworm']
  const without = await engine().gantry(args, { env: missing })
  assert.equal(without.code, 1)
  assert.equal(
    without.stderr,
    'bootstrap: mmdebstrap is not installed\ninstall it first: apt-get install mmdebstrap\n',
  )
  const unnamed = await engine().gantry(['image', 'bootstrap', 'debian'])
  assert.match(unnamed.stderr, /bootstrap "debian": no suite\nsay which release: debian:bookworm\n/)
  const strange = await engine().gantry(['image', 'bootstrap', 'nowhere:unheard-of'])
  assert.match(strange.stderr, /this machine's apt sources do not have it\n.*--mirror URL\n$/)
})

test('the real mmdebstrap at a mirror that does not answer', async (t) => {
  if (!existsSync('/usr/bin/mmdebstrap')) return t.skip('this machine has no mmdebstrap')
  const failed = await engine().gantry(['image', 'bootstrap', ...mirror, 'debian:bookworm'])
  assert.equal(failed.code, 1)
  assert.match(failed.stderr, /bootstrap bookworm: the package mirror cannot be reached: /)
  assert.match(
    failed.stderr,
    /tried http:\/\/127\.0\.0\.1:1\/debian; give another with --mirror\n$/,
  )
})
