/** Texts and numbers that clients match, from the real engine through the official command line. */
import assert from 'node:assert/strict'
import { request } from 'node:http'
import test from 'node:test'
import { text } from 'node:stream/consumers'
import { busyboxImage } from '#test/support/busybox.ts'
import { shareEngine } from '#test/support/engine.ts'
import { startRegistry } from '#test/support/registry.ts'

const engine = shareEngine()

async function refusal(...args: readonly string[]): Promise<string> {
  const { code, stderr } = await engine().docker(args)
  assert.notEqual(code, 0)
  return stderr
}

async function answer(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await engine().docker(args)
  assert.equal(code, 0, stderr)
  return stdout.trim()
}

test('exec and kill say in which state the container is', async () => {
  const id = await answer('run', '-d', '--name', 'asleep', 'busybox', 'sleep', '1000')
  const error = 'Error response from daemon:'
  await answer('pause', 'asleep')
  assert.equal(
    await refusal('exec', 'asleep', 'true'),
    `${error} Container ${id} is paused, unpause the container before exec\n`,
  )
  assert.equal(await refusal('pause', 'asleep'), `${error} Container ${id} is already paused\n`)
  await answer('unpause', 'asleep')
  assert.equal(await refusal('unpause', 'asleep'), `${error} Container ${id} is not paused\n`)
  await answer('stop', '-t', '0', 'asleep')
  const notRunning = `container ${id} is not running\n`
  assert.equal(await refusal('exec', 'asleep', 'true'), `${error} ${notRunning}`)
  assert.equal(
    await refusal('kill', 'asleep'),
    `${error} cannot kill container: asleep: ${notRunning}`,
  )
})

test('SIGTERM to a paused container lets it go on and end', async () => {
  const script = 'trap "exit 5" TERM; while :; do sleep 0.01; done'
  await answer('run', '-d', '--name', 'trapped', 'busybox', 'sh', '-c', script)
  await answer('pause', 'trapped')
  await answer('kill', '--signal', 'TERM', 'trapped')
  assert.equal(await answer('wait', 'trapped'), '5')
})

test('a container between two runs: exec waits for the next, rm needs force, kill ends it', async () => {
  const start = (name: string) =>
    answer('run', '-d', '--name', name, '--restart', 'always', 'busybox', 'false')
  for (const name of ['looped', 'removed']) {
    await start(name)
    while (
      (await answer('inspect', '-f', '{{.State.Status}} {{.RestartCount}}', name)) < 'restarting 5'
    )
      continue
  }
  const id = await answer('inspect', '-f', '{{.Id}}', 'looped')
  assert.equal(
    await refusal('exec', 'looped', 'true'),
    `Error response from daemon: Container ${id} is restarting, wait until the container is running\n`,
  )
  assert.match(await refusal('rm', 'removed'), /cannot remove container/)
  await answer('rm', '-f', 'removed')
  await answer('kill', 'looped')
  assert.equal(await answer('inspect', '-f', '{{.State.Status}}', 'looped'), 'exited')
})

test('info and version name runtimes and platform', async () => {
  const runtimes: unknown = JSON.parse(await answer('info', '-f', '{{json .Runtimes}}'))
  assert.ok(typeof runtimes === 'object' && runtimes !== null && 'crun' in runtimes)
  const platform = await answer('version', '-f', '{{.Server.Os}}/{{.Server.Arch}}')
  assert.equal(platform, `linux/${process.arch === 'x64' ? 'amd64' : process.arch}`)
})

test('a registry that refuses credentials gives 500, as with Docker', async (t) => {
  const registry = await startRegistry({ hasAuth: true })
  t.after(() => registry.stop())
  const reference = await registry.push(await busyboxImage(), 'private')
  const wrong = { username: 'gantry', password: 'wrong' }
  const header = Buffer.from(JSON.stringify(wrong)).toString('base64url')
  const none = await pull(reference)
  assert.equal(none.status, 500)
  assert.match(none.body, /no basic auth credentials/)
  const refused = await pull(reference, { 'X-Registry-Auth': header })
  assert.equal(refused.status, 500)
  assert.match(refused.body, /unauthorized: authentication required/)
})

function pull(reference: string, headers: Readonly<Record<string, string>> = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>()
  const path = `/images/create?fromImage=${encodeURIComponent(reference)}`
  const { socketPath } = engine()
  const outgoing = request({ socketPath, path, method: 'POST', headers }, (response) => {
    text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject)
  })
  outgoing.on('error', reject).end()
  return promise
}
