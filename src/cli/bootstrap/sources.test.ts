import assert from 'node:assert/strict'
import test from 'node:test'
import { formatSource, parseSources, sourcesFor } from '#cli/bootstrap/sources.ts'

const deb822 = `Types: deb deb-src
# a snapshot
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
  contrib
Signed-By: /usr/share/keyrings/debian.gpg

Types: deb
Enabled: no
URIs: http://off.example/debian
Suites: bookworm
Components: main
`

const oneLine = `# comment
deb [arch=amd64 signed-by=/k.gpg] https://mirror.example/ubuntu noble main universe # trailing
deb-src https://mirror.example/ubuntu noble main
deb https://tools.example/apt tools main
`

test('both forms of apt sources are read', () => {
  assert.deepEqual(parseSources(deb822).map(formatSource), [
    'deb [signed-by=/usr/share/keyrings/debian.gpg] http://mirror.example/debian bookworm main contrib',
    'deb [signed-by=/usr/share/keyrings/debian.gpg] http://mirror.example/debian bookworm-updates main contrib',
  ])
  assert.deepEqual(parseSources(oneLine).map(formatSource), [
    'deb [arch=amd64 signed-by=/k.gpg] https://mirror.example/ubuntu noble main universe',
    'deb https://tools.example/apt tools main',
  ])
  assert.deepEqual(parseSources(''), [])
})

test('a suite comes with its updates, and without foreign repositories', () => {
  const known = [...parseSources(deb822), ...parseSources(oneLine)]
  const suites = sourcesFor('bookworm', known, 'noble').map(({ suite }) => suite)
  assert.deepEqual(suites, ['bookworm', 'bookworm-updates'])
})

test('another suite comes from where the own one does', () => {
  const known = parseSources(deb822)
  assert.deepEqual(sourcesFor('trixie', known, 'bookworm').map(formatSource), [
    'deb [signed-by=/usr/share/keyrings/debian.gpg] http://mirror.example/debian trixie main contrib',
  ])
  assert.deepEqual(sourcesFor('trixie', known, 'noble'), [])
})
