/** The official command line, unchanged, against our socket. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '#test/support/commands.ts'
import { shareEngine } from '#test/support/engine.ts'

const engine = shareEngine()

async function docker(...args: readonly string[]) {
  return engine().docker(args, { timeoutMs: 30_000 })
}

test('run carries both streams and the exit code', async () => {
  const result = await docker(
    'run',
    '--rm',
    'busybox',
    'sh',
    '-c',
    'echo out; echo err >&2; exit 7',
  )
  assert.deepEqual([result.code, result.stdout, result.stderr], [7, 'out\n', 'err\n'])
})

test('run -i reads its input to the end', async () => {
  const input = 'line\n'.repeat(50_000)
  const result = await engine().docker(['run', '-i', '--rm', 'busybox', 'cat'], { input })
  assert.equal(result.code, 0)
  assert.equal(result.stdout, input)
})

test('run -t gives a terminal of the size of the caller’s', async () => {
  // The size arrives after the start, so that the program looks until it is there.
  const inside = 'tty; until [ "$(stty size)" = "33 101" ]; do usleep 20000; done; echo sized'
  const command = `stty rows 33 cols 101; docker run -t --rm busybox sh -c '${inside}'`
  const result = await run('script', ['-qec', command, '/dev/null'], {
    timeoutMs: 30_000,
    env: { DOCKER_HOST: engine().host },
  })
  assert.match(result.stdout, /\/dev\/pts\/0\r+\nsized/)
})

test('exit codes 125, 126 and 127 come from the engine’s words', async () => {
  assert.equal((await docker('run', '--rm', 'busybox', '/nosuch')).code, 127)
  assert.equal((await docker('run', '--rm', 'busybox', '/etc')).code, 126)
  assert.equal((await docker('run', '--rm', '--restart', 'sometimes', 'busybox', 'true')).code, 125)
})

test('a program that is not there says so once', async () => {
  const { stderr } = await docker('run', '--rm', 'busybox', 'nosuch')
  assert.match(stderr, /exec: "nosuch": executable file not found in \$PATH/)
  assert.doesNotMatch(stderr, /Error waiting for container/)
})

test('a detached container through its life', async () => {
  const { stdout } = await docker(
    'run',
    '-d',
    '--name',
    'life',
    '-p',
    '80',
    'busybox',
    'sleep',
    '100',
  )
  const id = stdout.trim()
  assert.match(id, /^[0-9a-f]{64}$/)
  const list = await docker(
    'ps',
    '--no-trunc',
    '--format',
    '{{.ID}} {{.Names}} {{.State}} {{.Ports}}',
  )
  assert.match(list.stdout, new RegExp(`^${id} life running 0\\.0\\.0\\.0:\\d+->80/tcp`))
  const exec = await docker('exec', 'life', 'sh', '-c', 'echo in; exit 5')
  assert.deepEqual([exec.code, exec.stdout], [5, 'in\n'])
  assert.equal((await docker('exec', 'life', 'nosuch')).code, 127)
  assert.match((await docker('top', 'life')).stdout, /sleep 100/)
  assert.equal((await docker('pause', 'life')).code, 0)
  assert.match((await docker('ps')).stdout, /\(Paused\)/)
  assert.equal((await docker('unpause', 'life')).code, 0)
  assert.equal((await docker('rename', 'life', 'death')).code, 0)
  assert.match((await docker('rm', 'death')).stderr, /container is running/)
  assert.equal((await docker('stop', '-t', '0', 'death')).code, 0)
  assert.equal((await docker('wait', 'death')).stdout, '137\n')
  assert.match((await docker('kill', 'death')).stderr, /is not running/)
  assert.match(
    (await docker('kill', 'nobody')).stderr,
    /cannot kill container: nobody: No such container: nobody/,
  )
  assert.equal((await docker('rm', 'death')).code, 0)
  assert.match((await docker('inspect', 'death')).stderr, /No such object: death/)
})

test('logs: tail, timestamps, details and follow', async () => {
  await docker('run', '--name', 'talk', 'busybox', 'sh', '-c', 'echo one; echo two; echo three')
  assert.equal((await docker('logs', 'talk')).stdout, 'one\ntwo\nthree\n')
  assert.equal((await docker('logs', '--tail', '1', 'talk')).stdout, 'three\n')
  assert.equal((await docker('logs', '-f', 'talk')).stdout, 'one\ntwo\nthree\n')
  assert.match(
    (await docker('logs', '-t', '--tail', '1', 'talk')).stdout,
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z three\n$/,
  )
})

test('sizes are told when asked for', async () => {
  const script = 'head -c 500000 /dev/zero > /written'
  await docker('run', '--name', 'sized', 'busybox', 'sh', '-c', script)
  const list = await docker('ps', '-as', '--filter', 'name=sized', '--format', '{{.Size}}')
  assert.match(list.stdout, /^5\d\dkB \(virtual \d+(\.\d+)?MB\)\n$/)
  const inspect = await docker('inspect', '-s', '-f', '{{.SizeRw}} {{.SizeRootFs}}', 'sized')
  assert.match(inspect.stdout, /^5\d{5} \d{7}\n$/)
  assert.doesNotMatch((await docker('inspect', 'sized')).stdout, /SizeRw/)
})

test('lists are filtered', async () => {
  await docker('create', '--name', 'filtered', '--label', 'color=red', 'busybox')
  const names = async (...filters: readonly string[]) => {
    const flags = filters.flatMap((filter) => ['-f', filter])
    return (await docker('ps', '-a', '--format', '{{.Names}}', ...flags)).stdout
  }
  assert.equal(await names('label=color=red', 'status=created'), 'filtered\n')
  assert.equal(await names('name=^filtered$'), 'filtered\n')
  assert.equal(await names('label=color=blue'), '')
  assert.equal(await names('ancestor=busybox', 'label=color'), 'filtered\n')
  assert.match((await docker('ps', '-f', 'colour=red')).stderr, /invalid filter 'colour'/)
})

test('events of one run, in order, with actors', async () => {
  const since = Math.floor(Date.now() / 1000) - 1
  await docker('run', '--name', 'told', '--rm', 'busybox', 'true')
  const { stdout } = await docker(
    'events',
    '--since',
    since.toString(),
    '--until',
    (since + 5).toString(),
    '-f',
    'container=told',
    '--format',
    '{{.Action}} {{index .Actor.Attributes "name"}}',
  )
  const actions = stdout
    .trim()
    .split('\n')
    .filter((line) => /^(create|start|die|destroy) told$/.test(line))
  assert.deepEqual(actions, ['create told', 'start told', 'die told', 'destroy told'])
})

test('images: list, inspect, history, tag and remove', async () => {
  assert.match((await docker('images')).stdout, /busybox +latest/)
  assert.equal((await docker('tag', 'busybox', 'team.test:5000/deep/box:v1')).code, 0)
  const tags = await docker('inspect', '-f', '{{json .RepoTags}}', 'team.test:5000/deep/box:v1')
  assert.deepEqual(JSON.parse(tags.stdout), ['busybox:latest', 'team.test:5000/deep/box:v1'])
  const names = async (...args: string[]) =>
    (await docker('images', '--format', '{{.Repository}}', ...args)).stdout
  assert.equal(await names('team.test:5000/deep/box'), 'team.test:5000/deep/box\n')
  assert.equal(await names('--filter', 'reference=busy*'), 'busybox\n')
  assert.equal(await names('--filter', 'reference=busy*:none'), '')
  assert.match(
    (await docker('images', '--filter', 'dangling=maybe')).stderr,
    /invalid filter 'dangling=\[maybe\]'/,
  )
  assert.equal((await docker('history', '-q', 'busybox')).code, 0)
  assert.equal(
    (await docker('rmi', 'team.test:5000/deep/box:v1')).stdout,
    'Untagged: team.test:5000/deep/box:v1\n',
  )
  assert.match((await docker('rmi', 'nosuch')).stderr, /No such image: nosuch/)
})

test('volumes: create, list, use, conflict, remove and prune', async () => {
  assert.equal((await docker('volume', 'create', 'kept')).stdout, 'kept\n')
  const use = [
    'run',
    '--name',
    'user',
    '-v',
    'kept:/data',
    'busybox',
    'sh',
    '-c',
    'echo x > /data/f',
  ]
  assert.equal((await docker(...use)).code, 0)
  assert.match((await docker('volume', 'rm', 'kept')).stderr, /volume is in use/)
  await docker('rm', 'user')
  assert.equal((await docker('volume', 'ls', '-q')).stdout, 'kept\n')
  assert.match((await docker('volume', 'prune', '-f')).stdout, /Total reclaimed space: 0B/)
  assert.equal((await docker('volume', 'rm', 'kept')).stdout, 'kept\n')
  assert.equal((await docker('volume', 'rm', '-f', 'kept')).code, 0)
})

test('networks, info, version and disk usage read well', async () => {
  const networks = await docker('network', 'ls', '--format', '{{.Name}} {{.Driver}}')
  assert.deepEqual(networks.stdout.trim().split('\n'), ['bridge bridge', 'host host', 'none null'])
  assert.equal((await docker('network', 'inspect', '-f', '{{.Name}}', 'bridge')).stdout, 'bridge\n')
  assert.match((await docker('info', '-f', '{{.Driver}} {{.OSType}}')).stdout, /^overlay2 linux\n$/)
  assert.match((await docker('version', '-f', '{{.Server.APIVersion}}')).stdout, /^1\.55\n$/)
  assert.equal((await docker('system', 'df')).code, 0)
})

test('container prune removes what has ended', async () => {
  await docker('run', '--name', 'ended', 'busybox', 'true')
  const { stdout } = await docker('container', 'prune', '-f')
  assert.match(stdout, /Deleted Containers:\n[0-9a-f]{64}/)
  assert.match((await docker('logs', 'ended')).stderr, /No such container: ended/)
})

test('system prune takes what is not in use, of every kind', async () => {
  await docker('create', '--name', 'unused', 'busybox')
  const { code, stdout, stderr } = await docker('system', 'prune', '--force')
  assert.deepEqual([code, stderr], [0, ''])
  assert.match(stdout, /^Deleted Containers:\n[0-9a-f]{64}\n[^]*Total reclaimed space: /)
})

test('an image of another platform counts as none: the client goes to pull', async () => {
  const { code, stderr } = await docker(
    'create',
    '--platform',
    'linux/s390x',
    '--pull',
    'never',
    'busybox',
  )
  assert.equal(code, 1)
  assert.match(
    stderr,
    /image with reference busybox(:latest)? was found but its platform \(linux\/\w+\) does not match the specified platform \(linux\/s390x\)/,
  )
})
