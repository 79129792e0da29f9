import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { chooseConnection, defaultHost } from '#cli/config/connection.ts'
import type { Connection, ConnectionFlags } from '#cli/config/connection.ts'
import { readSettings } from '#cli/config/settings.ts'
import type { Variables } from '#cli/config/settings.ts'

const noFlags: ConnectionFlags = {
  hosts: [],
  context: '',
  tls: false,
  tlsVerify: false,
  tlsCaPath: '',
  tlsCertPath: '',
  tlsKeyPath: '',
}

/** A configuration folder with a context "far", and one "tls" that has a certificate. */
function configuration(t: TestContext, config: object = {}): string {
  const folder = mkdtempSync(`${tmpdir()}/connection-test-`)
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(`${folder}/config.json`, JSON.stringify(config))
  for (const name of ['far', 'tls']) {
    const id = createHash('sha256').update(name).digest('hex')
    mkdirSync(`${folder}/contexts/meta/${id}`, { recursive: true })
    const meta = { Name: name, Endpoints: { docker: { Host: `tcp://${name}:2376` } } }
    writeFileSync(`${folder}/contexts/meta/${id}/meta.json`, JSON.stringify(meta))
    if (name !== 'tls') continue
    mkdirSync(`${folder}/contexts/tls/${id}/docker`, { recursive: true })
    writeFileSync(`${folder}/contexts/tls/${id}/docker/ca.pem`, 'CA')
  }
  return folder
}

function choose(
  folder: string,
  flags: Partial<ConnectionFlags> = {},
  variables: Variables = {},
): Connection {
  const settings = readSettings(
    { DOCKER_CONFIG: folder, ...variables },
    { warn: (line) => assert.fail(line) },
  )
  return chooseConnection({ ...noFlags, ...flags }, settings)
}

const unix = 'unix:///x.sock'

test('flags come before the environment, and that before the configuration', (t) => {
  const folder = configuration(t, { currentContext: 'far' })
  const cases: readonly (readonly [Partial<ConnectionFlags>, Variables, string, string])[] = [
    [{ hosts: [unix] }, { DOCKER_HOST: 'tcp://other', DOCKER_CONTEXT: 'tls' }, unix, 'default'],
    [{ context: 'tls' }, { DOCKER_HOST: unix }, 'tcp://tls:2376', 'tls'],
    [{ context: 'default' }, { DOCKER_HOST: unix }, unix, 'default'],
    [{}, { DOCKER_HOST: unix, DOCKER_CONTEXT: 'tls' }, unix, 'default'],
    [{}, { DOCKER_CONTEXT: 'tls' }, 'tcp://tls:2376', 'tls'],
    [{}, { DOCKER_CONTEXT: 'default' }, defaultHost, 'default'],
    [{}, { DOCKER_HOST: '', DOCKER_CONTEXT: '' }, 'tcp://far:2376', 'far'],
  ]
  for (const [flags, variables, host, context] of cases) {
    const chosen = choose(folder, flags, variables)
    assert.deepEqual(
      [chosen.host, chosen.context],
      [host, context],
      JSON.stringify([flags, variables]),
    )
    assert.equal(chosen.isDefault, host === defaultHost)
  }
})

test('hosts get the protocol that they leave out', (t) => {
  const folder = configuration(t)
  for (const [written, host] of [
    ['/run/x.sock', 'unix:///run/x.sock'],
    ['there:2375', 'tcp://there:2375'],
    ['ssh://me@there', 'ssh://me@there'],
  ] as const) {
    assert.equal(choose(folder, { hosts: [written] }).host, host)
  }
})

test('TLS comes from flags, from DOCKER_CERT_PATH and from contexts, and never to a unix socket', (t) => {
  const folder = configuration(t)
  writeFileSync(`${folder}/key.pem`, 'KEY')
  const tcp = { DOCKER_HOST: 'tcp://there:2376' }
  assert.equal(choose(folder, {}, tcp).tls, undefined)
  const checked = { verifiesServer: true, key: 'KEY' }
  assert.deepEqual(choose(folder, { tlsVerify: true }, tcp).tls, checked)
  assert.deepEqual(choose(folder, {}, { ...tcp, DOCKER_TLS_VERIFY: '1' }).tls, checked)
  assert.deepEqual(choose(folder, { tls: true }, tcp).tls, { verifiesServer: false, key: 'KEY' })
  const elsewhere = { ...tcp, DOCKER_TLS: '1', DOCKER_CERT_PATH: '/gone' }
  assert.deepEqual(choose(folder, {}, elsewhere).tls, { verifiesServer: false })
  assert.deepEqual(choose(folder, { context: 'tls' }).tls, { verifiesServer: true, ca: 'CA' })
  assert.equal(choose(folder, { tlsVerify: true }, { DOCKER_HOST: unix }).tls, undefined)
})

test('what cannot be resolved is told in the words of Docker', (t) => {
  const folder = configuration(t)
  const id = createHash('sha256').update('gone').digest('hex')
  const cases: readonly (readonly [Partial<ConnectionFlags>, string])[] = [
    [{ hosts: ['a', 'b'] }, 'Specify only one -H'],
    [
      { hosts: [unix], context: 'far' },
      'conflicting options: cannot specify both --host and --context',
    ],
    [
      { context: 'gone' },
      `context "gone": context not found: open ${folder}/contexts/meta/${id}/meta.json: no such file or directory`,
    ],
    [{ hosts: ['tcp://a'], tls: true, tlsKeyPath: '/gone' }, 'could not read TLS file "/gone"'],
  ]
  for (const [flags, reason] of cases) {
    const message = `Failed to initialize: unable to resolve docker endpoint: ${reason}`
    assert.throws(() => choose(folder, flags), { message })
  }
})

test('a configuration file that cannot be read is a warning, and no configuration', (t) => {
  const folder = configuration(t)
  writeFileSync(`${folder}/config.json`, '{bad')
  const lines: string[] = []
  const settings = readSettings({ DOCKER_CONFIG: folder }, { warn: (line) => lines.push(line) })
  assert.equal(chooseConnection(noFlags, settings).host, defaultHost)
  assert.deepEqual(settings.file, {})
  assert.equal(lines.length, 1)
  assert.ok(lines[0]?.startsWith(`WARNING: Error parsing config file (${folder}/config.json): `))
})
