import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { shareEngine } from '#test/support/engine.ts'

const engine = shareEngine()

test('run writes stdout and stderr apart and passes the exit code on', async () => {
  const script = 'echo out; echo err >&2; exit 7'
  const { stdout, stderr, code } = await engine().gantry([
    'run',
    '--rm',
    'busybox',
    'sh',
    '-c',
    script,
  ])
  assert.deepEqual({ stdout, stderr, code }, { stdout: 'out\n', stderr: 'err\n', code: 7 })
})

test('run -i carries stdin with its end', async () => {
  const args = ['run', '-i', '--rm', 'busybox', 'cat']
  const { stdout, code } = await engine().gantry(args, { input: 'data\nmore' })
  assert.deepEqual({ stdout, code }, { stdout: 'data\nmore', code: 0 })
})

test('run -i loses no byte of a large input', async () => {
  const input = Buffer.alloc(3_000_000, 'abcdefghijklmnopqrstuvwxyz0123456789\n')
  const args = ['run', '-i', '--rm', 'busybox', 'cat']
  const { bytes, code } = await engine().gantry(args, { input })
  assert.equal(code, 0)
  assert.ok(bytes.equals(input))
})

test('exit codes of programs that cannot run', async () => {
  const codeOf = async (...args: readonly string[]) => {
    const { code, stderr } = await engine().gantry(['run', '--rm', ...args])
    return { code, stderr: stderr.split('\n')[0] }
  }
  const missing = await codeOf('busybox', 'gone')
  assert.equal(missing.code, 127)
  assert.match(
    missing.stderr ?? '',
    /^gantry: Error response from daemon: .*executable file not found/,
  )
  const directory = await codeOf('busybox', '/etc')
  assert.equal(directory.code, 126)
  assert.match(directory.stderr ?? '', /permission denied|is a directory/)
  const killed = await codeOf('busybox', 'sh', '-c', 'sleep 60 & kill -9 $!; wait $!')
  assert.equal(killed.code, 137)
  assert.deepEqual(await codeOf('--pull', 'never', 'gone:1', 'true'), {
    code: 125,
    stderr: 'gantry: Error response from daemon: No such image: gone:1',
  })
  assert.deepEqual(await codeOf('--gone', 'busybox'), { code: 125, stderr: 'unknown flag: --gone' })
})

test('a failed run leaves no container behind', async () => {
  await engine().gantry(['run', '--rm', '--name', 'half', 'busybox', 'gone'])
  const { stdout } = await engine().gantry(['ps', '-a', '--filter', 'name=half', '-q'])
  assert.equal(stdout, '')
})

test('--cidfile is written once, and never over another', async () => {
  const cidfile = `${engine().identity.root}/cid`
  const run = () =>
    engine().gantry(['run', '--cidfile', cidfile, '--name', 'cid', 'busybox', 'true'])
  assert.equal((await run()).code, 0)
  const id = readFileSync(cidfile, 'utf8')
  assert.match(id, /^[0-9a-f]{64}$/)
  const again = await run()
  assert.equal(again.code, 125)
  assert.match(again.stderr, /^gantry: container ID file found, make sure the other container/)
  assert.equal((await engine().gantry(['rm', id])).stdout, `${id}\n`)
})

test('variables, labels and user reach the program', async () => {
  const file = `${engine().identity.root}/variables`
  writeFileSync(file, '# none\nA=file\nB=file\n')
  const args = ['run', '--rm', '--env-file', file, '-e', 'B=flag', '-e', 'HERE', '-w', '/tmp']
  const script = 'echo $A $B $HERE $PWD; id -u; hostname'
  const { stdout } = await engine().gantry(
    [...args, '-u', '65534', '-h', 'name', 'busybox', 'sh', '-c', script],
    { env: { HERE: 'here' } },
  )
  assert.equal(stdout, 'file flag here /tmp\n65534\nname\n')
})

test('run -d prints the id; wait, logs and rm follow', async () => {
  const script = 'echo one; echo two >&2; exit 3'
  const started = await engine().gantry([
    'run',
    '-d',
    '--name',
    'det',
    'busybox',
    'sh',
    '-c',
    script,
  ])
  assert.match(started.stdout, /^[0-9a-f]{64}\n$/)
  assert.equal((await engine().gantry(['wait', 'det'])).stdout, '3\n')
  const logs = await engine().gantry(['logs', 'det'])
  assert.deepEqual([logs.stdout, logs.stderr], ['one\n', 'two\n'])
  const stamped = await engine().gantry(['logs', '-t', '-n', '1', 'det'])
  assert.match(stamped.stdout + stamped.stderr, /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}Z (one|two)\n$/)
  assert.equal((await engine().gantry(['rm', 'det'])).stdout, 'det\n')
  const gone = await engine().gantry(['rm', 'det'])
  assert.deepEqual(
    [gone.stderr, gone.code],
    ['Error response from daemon: No such container: det\n', 1],
  )
})

test('kill sends a signal that the program handles', async (t) => {
  const abort = new AbortController()
  t.after(() => abort.abort())
  const ready = `${engine().identity.root}/ready`
  const script = 'trap "echo caught; exit 4" USR1; touch /r/ready; while :; do sleep 0.05; done'
  const running = engine().gantry(
    [
      'run',
      '--rm',
      '--name',
      'sig',
      '-v',
      `${engine().identity.root}:/r`,
      'busybox',
      'sh',
      '-c',
      script,
    ],
    { signal: abort.signal },
  )
  while (!existsSync(ready)) await new Promise((resolve) => setTimeout(resolve, 20))
  await engine().gantry(['kill', '-s', 'USR1', 'sig'])
  const { stdout, code } = await running
  assert.deepEqual({ stdout, code }, { stdout: 'caught\n', code: 4 })
})

test('an image that is here for another platform is pulled for the one asked for', async () => {
  const reference = '127.0.0.1:1/other:latest'
  await engine().client.images.tag('busybox', '127.0.0.1:1/other', 'latest')
  const args = ['run', '--rm', '--platform', 'linux/s390x', reference]
  const { code, stderr } = await engine().gantry(args)
  assert.equal(code, 125)
  assert.match(stderr, /^Unable to find image '127\.0\.0\.1:1\/other:latest' locally\n/)
})
