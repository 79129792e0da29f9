import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareEngine } from '#test/support/engine.ts'

const engine = shareEngine()

/** The same command by both command lines, in the API version that the official one speaks. */
async function both(...args: readonly string[]): Promise<{ gantry: string; docker: string }> {
  const gantry = await engine().gantry(args, { env: { DOCKER_API_VERSION: '1.50' } })
  const docker = await engine().docker(args)
  return { gantry: gantry.stdout, docker: docker.stdout }
}

test('lists and templates write what the official command line writes', async () => {
  const labels = ['-l', 'a=b', '--label', 'com.x.y=z']
  const created = await engine().gantry([
    'create',
    '--name',
    'list',
    ...labels,
    'busybox',
    'sleep',
    '9',
  ])
  assert.equal(created.code, 0)
  const commands = [
    ['ps', '-a', '--no-trunc'],
    ['ps', '-aq'],
    [
      'ps',
      '-a',
      '--format',
      '{{.ID}} {{.Names}} {{.State}} {{.Label "com.x.y"}} {{.Image | upper}}',
    ],
    ['ps', '-a', '--format', 'table {{.Names}}\\t{{.Command}}\\t{{.Ports}}'],
    ['images'],
    ['images', '--digests', '--no-trunc'],
    ['images', '-q', 'busybox'],
    [
      'images',
      '--format',
      '{{range $i, $x := split .Repository "y"}}{{$i}}={{$x}} {{end}}{{.Tag}}',
    ],
    ['network', 'ls'],
    ['network', 'ls', '--filter', 'driver=host', '--format', '{{.Name}}'],
    ['inspect', 'list'],
    ['inspect', '-f', '{{.State.Status}} {{json .Config.Labels}} {{len .Args}}', 'list'],
    ['inspect', '-f', '{{range .Args}}<{{.}}>{{else}}none{{end}}{{printf "%q" .Name}}', 'list'],
    ['history', 'busybox', '--format', '{{.ID}} {{.Size}}'],
    ['version', '--format', '{{.Server.Version}} {{.Server.Os}}'],
    ['info', '--format', '{{.Driver}} {{.OSType}} {{.NCPU}}'],
  ]
  for (const args of commands) {
    let { gantry, docker } = await both(...args)
    assert.notEqual(gantry, '', args.join(' '))
    // "1 second ago" may become "2 seconds ago" between the two calls.
    for (let again = 0; gantry !== docker && again < 5; again++) {
      ;({ gantry, docker } = await both(...args))
    }
    assert.equal(gantry, docker, args.join(' '))
  }
  await engine().gantry(['rm', 'list'])
})

test('volumes are created, listed, inspected and removed', async () => {
  assert.equal(
    (await engine().gantry(['volume', 'create', '--label', 'a=b', 'vol'])).stdout,
    'vol\n',
  )
  const { gantry: listed, docker } = await both('volume', 'ls')
  assert.equal(listed, docker)
  const label = await engine().gantry(['volume', 'inspect', '-f', '{{.Labels.a}}', 'vol'])
  assert.equal(label.stdout, 'b\n')
  assert.equal((await engine().gantry(['volume', 'rm', 'vol'])).stdout, 'vol\n')
})

test('exec passes streams and exit codes on', async () => {
  await engine().gantry(['run', '-d', '--name', 'exec', 'busybox', 'sleep', '600'])
  const script = 'read line; echo "$line $X"; echo err >&2; exit 5'
  const args = ['exec', '-i', '-e', 'X=y', '-w', '/', 'exec', 'sh', '-c', script]
  const { stdout, stderr, code } = await engine().gantry(args, { input: 'in\n' })
  assert.deepEqual({ stdout, stderr, code }, { stdout: 'in y\n', stderr: 'err\n', code: 5 })
  assert.equal((await engine().gantry(['exec', 'exec', 'gone'])).code, 127)
  const top = await engine().gantry(['top', 'exec'])
  assert.match(top.stdout, /^UID +PID[^\n]*\n[^\n]*sleep 600\n$/)
  await engine().gantry(['rm', '-f', 'exec'])
})

test('events tell what happened, with exact times', async () => {
  const since = String(Math.floor(Date.now() / 1000) - 1)
  await engine().gantry(['run', '--rm', '--name', 'ev', 'busybox', 'true'])
  const range = ['--since', since, '--until', '0s', '--filter', 'container=ev']
  const actions = await engine().gantry(['events', ...range, '--format', '{{.Action}}'])
  assert.deepEqual(
    ['create', 'start', 'die', 'destroy'].filter((action) => actions.stdout.includes(action)),
    ['create', 'start', 'die', 'destroy'],
  )
  const times = await engine().gantry(['events', ...range, '--format', '{{.TimeNano}}'])
  assert.match(times.stdout, /^(\d{19}\n)+$/)
  const json = (format: string) => engine().gantry(['events', ...range, '--format', format])
  assert.equal((await json('{{json .}}')).stdout, (await json('json')).stdout)
})

test('starting what runs and stopping what does not is well', async () => {
  await engine().gantry(['run', '-d', '--name', 'same', 'busybox', 'sleep', '600'])
  for (const args of [['start'], ['stop', '-t', '0'], ['stop']]) {
    const { stdout, stderr, code } = await engine().gantry([...args, 'same'])
    assert.deepEqual([stdout, stderr, code], ['same\n', '', 0])
  }
  await engine().gantry(['rm', 'same'])
})

test('rm -f of what is not there tells so and is well', async () => {
  const { stderr, code } = await engine().gantry(['rm', '-f', 'gone'])
  assert.deepEqual([stderr, code], ['Error response from daemon: No such container: gone\n', 0])
})

test('failures of several targets are told one by one', async () => {
  await engine().gantry(['create', '--name', 'there', 'busybox'])
  const { stdout, stderr, code } = await engine().gantry(['rm', 'gone1', 'there', 'gone2'])
  assert.deepEqual({ stdout, code }, { stdout: 'there\n', code: 1 })
  assert.equal(
    stderr,
    'Error response from daemon: No such container: gone1\nError response from daemon: No such container: gone2\n',
  )
})
