/** Debian's python3-docker, unchanged. Each case is a script that fails loudly. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '#test/support/commands.ts'
import { shareEngine } from '#test/support/engine.ts'

const engine = shareEngine()

const python = '/usr/bin/python3'
const hasDockerPy = (await run(python, ['-c', 'import docker'])).code === 0
const skip = hasDockerPy ? false : 'python3-docker is not installed'

async function script(...lines: readonly string[]): Promise<string> {
  const program = ['import docker', 'client = docker.from_env()', ...lines].join('\n')
  const result = await run(python, ['-c', program], {
    env: { DOCKER_HOST: engine().host },
    timeoutMs: 30_000,
  })
  assert.equal(result.code, 0, result.stderr)
  return result.stdout
}

test('run gives output, and failure as an exception with the exit code', { skip }, async () => {
  const output = await script(
    'print(client.containers.run("busybox", "echo hi", remove=True))',
    'try:',
    '    client.containers.run("busybox", "sh -c \'exit 9\'", remove=True)',
    'except docker.errors.ContainerError as error:',
    '    print(error.exit_status)',
  )
  assert.equal(output, "b'hi\\n'\n9\n")
})

test('a container through its life', { skip }, async () => {
  const output = await script(
    'c = client.containers.run("busybox", "sleep 100", detach=True, name="py", labels={"a": "b"})',
    'print(c.status, [x.name for x in client.containers.list(filters={"label": "a=b"})])',
    'print(c.exec_run("sh -c \'echo in; exit 6\'"))',
    'c.pause(); c.reload(); print(c.status); c.unpause()',
    'print(c.top()["Titles"][0])',
    'c.rename("py2"); c.stop(timeout=0); print(c.wait()["StatusCode"])',
    'c.restart(timeout=0); c.kill(); c.remove(force=True)',
    'try:',
    '    client.containers.get("py2")',
    'except docker.errors.NotFound as error:',
    '    print(error.explanation)',
  )
  assert.deepEqual(output.trim().split('\n'), [
    "created ['py']",
    "ExecResult(exit_code=6, output=b'in\\n')",
    'paused',
    'UID',
    '137',
    'No such container: py2',
  ])
})

test('attach socket and demultiplexed exec', { skip }, async () => {
  const output = await script(
    'c = client.containers.create("busybox", "cat", stdin_open=True)',
    's = c.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})',
    'c.start()',
    's._sock.send(b"typed\\n")',
    'header = s.read(8); print(s.read(header[7]))',
    's.close(); c.remove(force=True)',
    'c = client.containers.run("busybox", "sleep 100", detach=True)',
    'print(c.exec_run("sh -c \'echo o; echo e >&2\'", demux=True).output)',
    'c.remove(force=True)',
  )
  assert.equal(output, "b'typed\\n'\n(b'o\\n', b'e\\n')\n")
})

test('logs stream and wait conditions', { skip }, async () => {
  const output = await script(
    'c = client.containers.run("busybox", "sh -c \'echo 1; echo 2\'", detach=True)',
    'print(b"".join(c.logs(stream=True, follow=True)))',
    'print(c.logs(tail=1), c.wait(condition="not-running")["StatusCode"])',
    'c.remove()',
  )
  assert.equal(output, "b'1\\n2\\n'\nb'2\\n' 0\n")
})

test('images, networks, volumes, info and version', { skip }, async () => {
  const output = await script(
    'image = client.images.get("busybox"); image.tag("py/box", "v1")',
    'print(sorted(client.images.get("py/box:v1").tags))',
    'client.images.remove("py/box:v1")',
    'print(sorted(n.name for n in client.networks.list()))',
    'v = client.volumes.create("pyvol", labels={"x": "y"}); print(v.attrs["Driver"], [x.name for x in client.volumes.list(filters={"label": "x"})])',
    'v.remove()',
    'print(client.info()["OSType"], client.version()["ApiVersion"], client.ping())',
    'try:',
    '    client.images.get("nosuch")',
    'except docker.errors.ImageNotFound as error:',
    '    print(error.explanation)',
  )
  assert.deepEqual(output.trim().split('\n'), [
    "['busybox:latest', 'py/box:v1']",
    "['bridge', 'host', 'none']",
    "local ['pyvol']",
    'linux 1.55 True',
    'No such image: nosuch:latest',
  ])
})
