/** dockerode 5, unchanged: un-prefixed paths, legacy filters, both hijack forms. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PassThrough } from 'node:stream'
import { once } from 'node:events'
import Dockerode from 'dockerode'
import { busyboxDockerArchive } from '#test/support/busybox.ts'
import { shareEngine } from '#test/support/engine.ts'

const engine = shareEngine()

function client(version?: string): Dockerode {
  const { socketPath } = engine()
  return new Dockerode(version === undefined ? { socketPath } : { socketPath, version })
}

function collector() {
  const chunks: Buffer[] = []
  const stream = new PassThrough()
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return { stream, text: () => Buffer.concat(chunks).toString() }
}

async function demuxed(docker: Dockerode, stream: NodeJS.ReadableStream) {
  const stdout = collector()
  const stderr = collector()
  docker.modem.demuxStream(stream, stdout.stream, stderr.stream)
  await once(stream, 'end')
  return { stdout: stdout.text(), stderr: stderr.text() }
}

test('run waits for the container and hands its output on', async () => {
  const out = collector()
  const [result] = await client().run('busybox', ['sh', '-c', 'echo hi; exit 3'], out.stream, {
    Tty: false,
    HostConfig: { AutoRemove: true },
  })
  assert.equal(result.StatusCode, 3)
  assert.match(out.text(), /hi/)
})

for (const version of [undefined, 'v1.41', 'v1.52']) {
  test(`attach with hijack carries stdin to its end, ${version ?? 'no'} version`, async () => {
    const docker = client(version)
    const { container, stream } = await attached(docker, { cmd: ['cat'], hijack: true })
    const output = demuxed(docker, stream)
    stream.write('through ')
    stream.end('the pipe\n')
    assert.deepEqual(await output, { stdout: 'through the pipe\n', stderr: '' })
    assert.deepEqual(await container.wait(), { StatusCode: 0 })
    await container.remove()
  })

  // Without hijack dockerode cannot half-close: the program must know when it has enough.
  test(`attach over a chunked body carries stdin, ${version ?? 'no'} version`, async () => {
    const docker = client(version)
    const cmd = ['head', '-n', '1']
    const { container, stream } = await attached(docker, { cmd, hijack: false })
    const output = demuxed(docker, stream)
    stream.write('through ')
    stream.write('the pipe\n')
    assert.deepEqual(await output, { stdout: 'through the pipe\n', stderr: '' })
    assert.deepEqual(await container.wait(), { StatusCode: 0 })
    await container.remove()
  })
}

async function attached(
  docker: Dockerode,
  { cmd, hijack }: { readonly cmd: string[]; readonly hijack: boolean },
) {
  const container = await docker.createContainer({
    Image: 'busybox',
    Cmd: cmd,
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  })
  const stream = await container.attach({
    stream: true,
    stdin: true,
    stdout: true,
    stderr: true,
    hijack,
  })
  await container.start()
  return { container, stream }
}

test('exec with stdin in both forms, and its exit code', async () => {
  const docker = client()
  const container = await docker.createContainer({ Image: 'busybox', Cmd: ['sleep', '100'] })
  await container.start()
  for (const hijack of [true, false]) {
    const exec = await container.exec({
      Cmd: ['sh', '-c', 'head -n 1; echo e >&2; exit 4'],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    })
    const stream = await exec.start({ hijack, stdin: true })
    const output = demuxed(docker, stream)
    stream.write('data\n')
    assert.deepEqual(await output, { stdout: 'data\n', stderr: 'e\n' })
    const { ExitCode, Running } = await exec.inspect()
    assert.deepEqual([ExitCode, Running], [4, false])
  }
  await container.remove({ force: true })
})

test('create, list with legacy filters, inspect, stop, remove', async () => {
  const docker = client()
  const container = await docker.createContainer({
    name: 'ode',
    Image: 'busybox',
    Cmd: ['sleep', '100'],
    Labels: { 'com.example.a': 'b' },
    ExposedPorts: { '80/tcp': {} },
    HostConfig: { PortBindings: { '80/tcp': [{ HostPort: '0' }] }, Memory: 64 * 1024 * 1024 },
  })
  await container.start()
  await assert.rejects(container.start(), { statusCode: 304 })
  const rows = await docker.listContainers({ filters: { label: ['com.example.a=b'] } })
  assert.deepEqual(
    rows.map(({ Id, Names, State }) => [Id, Names, State]),
    [[container.id, ['/ode'], 'running']],
  )
  assert.ok((rows[0]?.Ports[0]?.PublicPort ?? 0) > 0)
  const inspected = await container.inspect()
  assert.equal(inspected.HostConfig.Memory, 64 * 1024 * 1024)
  assert.equal(inspected.State.Running, true)
  assert.ok(inspected.NetworkSettings.Networks['bridge']?.IPAddress)
  await assert.rejects(docker.createContainer({ name: 'ode', Image: 'busybox' }), {
    statusCode: 409,
  })
  await container.stop({ t: 0 })
  await assert.rejects(container.stop(), { statusCode: 304 })
  await container.remove()
  await assert.rejects(container.inspect(), { statusCode: 404 })
})

test('what is not there is told with the texts that testcontainers matches', async () => {
  const docker = client()
  await assert.rejects(docker.createContainer({ Image: 'nosuch:1' }), /No such image: nosuch:1/)
  await assert.rejects(docker.getContainer('nosuch').start(), /No such container: nosuch/)
})

test('load, list, tag and remove an image', async () => {
  const docker = client()
  const progress = await docker.loadImage(await busyboxDockerArchive())
  const lines = collector()
  progress.pipe(lines.stream)
  await once(progress, 'end')
  assert.match(lines.text(), /Loaded image: busybox:latest/)
  await docker.getImage('busybox').tag({ repo: 'ode/box', tag: 'v2' })
  const images = await docker.listImages({ filters: { reference: ['ode/*'] } })
  assert.ok(images[0]?.RepoTags?.includes('ode/box:v2'))
  assert.deepEqual(await docker.getImage('ode/box:v2').remove(), [{ Untagged: 'ode/box:v2' }])
})

test('events stream, and logs are read back with their streams', async () => {
  const docker = client()
  const events = await docker.getEvents({ filters: { type: ['container'], event: ['die'] } })
  const container = await docker.createContainer({
    Image: 'busybox',
    Cmd: ['sh', '-c', 'echo out; echo err >&2'],
  })
  await container.start()
  const [line] = (await once(events, 'data')) as [Buffer]
  const event = JSON.parse(line.toString())
  assert.deepEqual([event.Action, event.Actor.ID], ['die', container.id])
  assert.equal(event.Actor.Attributes.exitCode, '0')
  const log = await container.logs({ stdout: true, stderr: true, follow: true })
  assert.deepEqual(await demuxed(docker, log), { stdout: 'out\n', stderr: 'err\n' })
  await container.remove()
})
