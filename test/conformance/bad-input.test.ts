/** What people and programs get wrong: Docker's words, status and exit code, and nothing left behind. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { shareEngine } from '#test/support/engine.ts'

const engine = shareEngine()

/** What `docker` does with `args`: its exit code and what it says, and that no container came of it. */
async function refused(...args: readonly string[]) {
  const { code, stderr } = await engine().docker(args, { timeoutMs: 30_000 })
  assert.deepEqual(await containerNames(), [])
  return { code, stderr }
}

async function containerNames(): Promise<string[]> {
  const { stdout } = await engine().docker(['ps', '-a', '--format', '{{.Names}}'])
  return stdout.split('\n').filter((name) => name !== '')
}

interface Body {
  readonly type: string
  readonly text: string
}

interface Reply {
  readonly status: number
  readonly message: unknown
}

async function api(method: string, path: string, body?: Body): Promise<Reply> {
  const { socketPath } = engine()
  const headers = body === undefined ? {} : { 'Content-Type': body.type }
  const call = request({ socketPath, method, path, headers })
  call.end(body?.text)
  const [response]: IncomingMessage[] = await once(call, 'response')
  if (!response) throw new Error('no response')
  const answer: unknown = JSON.parse((await response.toArray()).join(''))
  return { status: response.statusCode ?? 0, message: Reflect.get(Object(answer), 'message') }
}

test('a malformed reference', async () => {
  const run = await refused('run', '--rm', 'BadName', 'true')
  assert.equal(run.code, 125)
  assert.match(
    run.stderr,
    /invalid reference format: repository name \(library\/BadName\) must be lowercase/,
  )
  assert.deepEqual(await api('POST', '/images/create?fromImage=a%20b'), {
    status: 400,
    message: 'invalid reference format',
  })
})

test('names that are taken or not allowed', async () => {
  await engine().docker(['create', '--name', 'taken', 'busybox'])
  const again = await engine().docker(['run', '-d', '--name', 'taken', 'busybox'])
  assert.equal(again.code, 125)
  assert.match(
    again.stderr,
    /Conflict\. The container name "\/taken" is already in use by container "[0-9a-f]{64}"\. You have to remove \(or rename\) that container to be able to reuse that name\./,
  )
  assert.deepEqual(await containerNames(), ['taken'])
  await engine().docker(['rm', 'taken'])
  const odd = await refused('create', '--name', 'a b', 'busybox')
  assert.match(
    odd.stderr,
    /Invalid container name \(a b\), only \[a-zA-Z0-9\]\[a-zA-Z0-9_\.-\] are allowed/,
  )
})

test('a port that is taken: the container stays, unstarted and without an address', async () => {
  const run = (name: string) =>
    engine().docker([
      'run',
      '-d',
      '--name',
      name,
      '-p',
      '127.0.0.1:18321:80',
      'busybox',
      'sleep',
      '60',
    ])
  assert.equal((await run('first')).code, 0)
  const second = await run('second')
  assert.equal(second.code, 125)
  assert.match(second.stderr, /Bind for 127\.0\.0\.1:18321 failed: port is already allocated/)
  const format = '{{.State.Status}}|{{.NetworkSettings.IPAddress}}'
  const state = await engine().docker(['inspect', '-f', format, 'second'])
  assert.equal(state.stdout, 'created|\n')
  await engine().docker(['rm', '-f', 'first'])
  assert.equal((await engine().docker(['start', 'second'])).code, 0)
  await engine().docker(['rm', '-f', 'second'])
})

test('programs that cannot be run', async () => {
  const missing = await refused('run', '--rm', 'busybox', 'nosuch')
  assert.equal(missing.code, 127)
  assert.match(missing.stderr, /exec: "nosuch": executable file not found in \$PATH/)
  const folder = await refused('run', '--rm', 'busybox', '/etc')
  assert.equal(folder.code, 126)
  assert.match(folder.stderr, /exec: "\/etc": (permission denied|is a directory)/)
  const plain = await refused('run', '--rm', 'busybox', '/etc/passwd')
  assert.equal(plain.code, 126)
  assert.match(plain.stderr, /exec: "\/etc\/passwd": permission denied/)
})

test('a bind source, network, user or folder that is not there', async () => {
  const mount = await refused('run', '--rm', '--mount', 'type=bind,src=/no/such,dst=/d', 'busybox')
  assert.equal(mount.code, 125)
  assert.match(
    mount.stderr,
    /invalid mount config for type "bind": bind source path does not exist: \/no\/such/,
  )
  const user = await refused('run', '--rm', '-u', 'nobodyknows', 'busybox', 'true')
  assert.equal(user.code, 125)
  assert.match(user.stderr, /unable to find user nobodyknows: no matching entries in passwd file/)
  const network = await refused('run', '--rm', '--network', 'nosuch', 'busybox', 'true')
  assert.equal(network.code, 125)
  assert.match(network.stderr, /network nosuch not found/)
  const relative = await refused('run', '--rm', '-w', 'relative', 'busybox', 'true')
  assert.equal(relative.code, 125)
  assert.match(
    relative.stderr,
    /the working directory 'relative' is invalid, it needs to be an absolute path/,
  )
})

test('flags that do not exist or cannot be', async () => {
  const unknown = await engine().gantry(['run', '--nosuch', 'busybox'])
  assert.equal(unknown.code, 125)
  assert.match(unknown.stderr, /^unknown flag: --nosuch\n/)
  const other = await engine().gantry(['ps', '--nosuch'])
  assert.deepEqual([other.code, other.stderr.split('\n')[0]], [125, 'unknown flag: --nosuch'])
  const tiny = await refused('run', '--rm', '-m', '1k', 'busybox', 'true')
  assert.deepEqual(
    [tiny.code, /Minimum memory limit allowed is 6MB/.test(tiny.stderr)],
    [125, true],
  )
  const policy = await refused('run', '--restart', 'sometimes', 'busybox', 'true')
  assert.equal(policy.code, 125)
  const logger = await refused('run', '--log-driver', 'nosuch', 'busybox', 'true')
  assert.equal(logger.code, 125)
  assert.match(logger.stderr, /logger: no log driver named 'nosuch' is registered/)
})

test('bodies that are no JSON, or have fields of the wrong type', async () => {
  const create = (body: string) =>
    api('POST', '/v1.50/containers/create', { type: 'application/json', text: body })
  assert.equal((await create('{')).status, 400)
  assert.match(String((await create('{"Image":5}')).message), /"Image".*number 5.*string/)
  const nested = await create('{"Image":"busybox","HostConfig":{"Memory":"lots"}}')
  assert.equal(nested.status, 400)
  assert.match(String(nested.message), /"HostConfig\.Memory"/)
  assert.deepEqual(await api('POST', '/containers/create'), {
    status: 400,
    message: 'invalid JSON: got EOF while reading request body',
  })
  assert.deepEqual(await api('POST', '/containers/create', { type: 'text/plain', text: '{}' }), {
    status: 400,
    message: "unsupported Content-Type header (text/plain): must be 'application/json'",
  })
  assert.deepEqual(await containerNames(), [])
})

test('API versions outside the range, and paths that do not exist', async () => {
  assert.deepEqual(await api('GET', '/v1.23/info'), {
    status: 400,
    message:
      'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
  })
  assert.deepEqual(await api('GET', '/v1.99/info'), {
    status: 400,
    message: 'client version 1.99 is too new. Maximum supported API version is 1.55',
  })
  assert.deepEqual(await api('GET', '/v1.50/nosuch'), { status: 404, message: 'page not found' })
})

test('filters and numbers of queries', async () => {
  const filters = (value: unknown) =>
    api('GET', `/containers/json?filters=${encodeURIComponent(JSON.stringify(value))}`)
  assert.deepEqual(await filters({ nosuch: ['x'] }), {
    status: 400,
    message: "invalid filter 'nosuch'",
  })
  assert.equal((await filters({ status: ['asleep'] })).status, 400)
  assert.equal((await api('GET', '/containers/json?limit=many')).status, 400)
})
