/** login, push, logout and save by the official command line and by ours, against a real registry. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { type CommandOptions, type CommandResult } from '#test/support/commands.ts'
import { shareEngine } from '#test/support/engine.ts'
import { registryUser, startRegistry } from '#test/support/registry.ts'

const engine = shareEngine()

type Tool = 'docker' | 'gantry'
const tools: readonly Tool[] = ['docker', 'gantry']

async function call(
  tool: Tool,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  return engine()[tool](args, options)
}

async function callOk(
  tool: Tool,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const result = await call(tool, args, options)
  assert.equal(result.code, 0, `${tool} ${args.join(' ')}: ${result.stderr}`)
  return result
}

for (const tool of tools) {
  test(`${tool}: login, push, pull, logout at a registry with passwords`, async () => {
    await using registry = await startRegistry({ hasAuth: true })
    const image = `${registry.address}/team/app:v1`
    const config = join(engine().identity.root, `config-${tool}`)
    const env = { DOCKER_CONFIG: config }
    await callOk(tool, ['tag', 'busybox:latest', image])

    const refused = await call(tool, ['push', image], { env })
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /no basic auth credentials|denied|unauthorized/)

    const wrong = await call(tool, ['login', '-u', 'gantry', '-p', 'no', registry.address], { env })
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /Error response from daemon: login attempt to http:/)

    const login = ['login', '-u', registryUser.name, '--password-stdin', registry.address]
    const loggedIn = await callOk(tool, login, { env, input: registryUser.password })
    assert.match(loggedIn.stdout, /^Login Succeeded\n$/)
    assert.match(loggedIn.stderr, /WARNING! Your credentials are stored unencrypted in/)
    const stored = JSON.parse(readFileSync(join(config, 'config.json'), 'utf8'))
    assert.deepEqual(stored.auths, {
      [registry.address]: { auth: btoa(`${registryUser.name}:${registryUser.password}`) },
    })

    const pushed = await callOk(tool, ['push', image], { env })
    assert.match(pushed.stdout, /^The push refers to repository \[127.0.0.1:\d+\/team\/app\]\n/)
    assert.match(pushed.stdout, /[0-9a-f]{12}: Pushed\n/)
    assert.match(pushed.stdout, /v1: digest: sha256:[0-9a-f]{64} size: \d+\n$/)
    const again = await callOk(tool, ['push', image], { env })
    assert.match(again.stdout, /[0-9a-f]{12}: Layer already exists\n/)
    await callOk(tool, ['rmi', image])
    await callOk(tool, ['pull', image], { env })

    const existing = await callOk(tool, ['login', registry.address], { env })
    assert.match(existing.stderr, /^Authenticating with existing credentials/)
    const out = await callOk(tool, ['logout', registry.address], { env })
    assert.equal(out.stdout, `Removing login credentials for ${registry.address}\n`)
    const after = JSON.parse(readFileSync(join(config, 'config.json'), 'utf8'))
    assert.deepEqual(after.auths, {})
    await callOk(tool, ['rmi', image])
  })

  test(`${tool}: save and load again`, async () => {
    const { root } = engine().identity
    const file = join(root, `${tool}.tar`)
    await callOk(tool, ['tag', 'busybox:latest', 'copy:v1'])
    const { stdout: id } = await callOk(tool, ['images', '-q', '--no-trunc', 'copy:v1'])
    await callOk(tool, ['save', '-o', file, 'copy:v1'])
    assert.ok(statSync(file).size > 100_000)
    await callOk(tool, ['rmi', 'copy:v1'])
    const loaded = await callOk(tool, ['load', '-i', file])
    assert.match(loaded.stdout, /Loaded image: copy:v1\n$/)
    const { stdout: again } = await callOk(tool, ['images', '-q', '--no-trunc', 'copy:v1'])
    assert.equal(again, id)
    await callOk(tool, ['rmi', 'copy:v1'])
    const missing = await call(tool, ['save', '-o', `${file}.none`, 'nosuch:v1'])
    assert.equal(missing.code, 1)
    assert.match(missing.stderr, /No such image: nosuch:v1/)
    assert.equal(statSync(`${file}.none`, { throwIfNoEntry: false }), undefined)
  })

  test(`${tool}: what is not there is not pushed`, async () => {
    const missing = await call(tool, ['push', '127.0.0.1:1/none:v1'])
    assert.equal(missing.code, 1)
    assert.match(
      missing.stderr,
      /An image does not exist locally with the tag: 127\.0\.0\.1:1\/none\n$/,
    )
  })
}

test('credentials go to a helper when the configuration names one', async () => {
  await using registry = await startRegistry({ hasAuth: true })
  const { root } = engine().identity
  const [bin, config] = [join(root, 'helper-bin'), join(root, 'helper-config')]
  mkdirSync(bin)
  mkdirSync(config)
  const helper = join(bin, 'docker-credential-box')
  const script = `#!/bin/sh
read -r input
case $1 in
store) echo "$input" > ${bin}/kept ;;
get) [ -f ${bin}/kept ] && cat ${bin}/kept || { echo "credentials not found in native keychain"; exit 1; } ;;
erase) rm -f ${bin}/kept ;;
esac
`
  writeFileSync(helper, script)
  chmodSync(helper, 0o755)
  const settings = { credsStore: 'box', psFormat: 'table {{.ID}}' }
  writeFileSync(join(config, 'config.json'), JSON.stringify(settings))
  const env = { DOCKER_CONFIG: config, PATH: `${bin}:${process.env['PATH']}` }
  const login = ['login', '-u', registryUser.name, '--password-stdin', registry.address]
  const loggedIn = await callOk('gantry', login, { env, input: `${registryUser.password}\n` })
  assert.equal(loggedIn.stderr, '')
  const stored = JSON.parse(readFileSync(join(config, 'config.json'), 'utf8'))
  assert.deepEqual(stored, { ...settings, auths: { [registry.address]: {} } })
  assert.deepEqual(JSON.parse(readFileSync(join(bin, 'kept'), 'utf8')), {
    ServerURL: registry.address,
    Username: registryUser.name,
    Secret: registryUser.password,
  })
  const image = `${registry.address}/helped:v1`
  await callOk('gantry', ['tag', 'busybox:latest', image])
  await callOk('gantry', ['push', '-q', image], { env })
  await callOk('gantry', ['logout', registry.address], { env })
  assert.equal(statSync(join(bin, 'kept'), { throwIfNoEntry: false }), undefined)
  await callOk('gantry', ['rmi', image])
})
