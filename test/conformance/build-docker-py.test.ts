/** Debian's python3-docker builds images. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { run } from '#test/support/commands.ts'
import { makeContext } from '#test/support/contexts.ts'
import { shareEngine } from '#test/support/engine.ts'

const engine = shareEngine()

const python = '/usr/bin/python3'
const hasDockerPy = (await run(python, ['-c', 'import docker'])).code === 0
const skip = hasDockerPy ? false : 'python3-docker is not installed'

async function script(...lines: readonly string[]): Promise<string> {
  const program = ['import docker, io', 'client = docker.from_env()', ...lines].join('\n')
  const env = { DOCKER_HOST: engine().host }
  const result = await run(python, ['-c', program], { env, timeoutMs: 30_000 })
  assert.equal(result.code, 0, result.stderr)
  return result.stdout
}

test('a directory, with every option that docker-py sends', { skip }, async (t) => {
  const context = makeContext(t, {
    Dockerfile: 'FROM busybox AS a\nARG X\nRUN echo "X is $X"\nFROM a\nRUN exit 1\n',
    '.dockerignore': 'skipped\n',
    skipped: 'x',
  })
  const output = await script(
    `image, logs = client.images.build(path=${JSON.stringify(context)}, tag="py/built:v1",`,
    '  buildargs={"X": "7"}, target="a", labels={"l": "v"}, nocache=True, rm=True, forcerm=True,',
    '  pull=False, shmsize=8388608, network_mode="none", extra_hosts={"here": "10.0.0.9"},',
    '  container_limits={"memory": 67108864, "cpushares": 512}, gzip=True,',
    '  cache_from=[], platform="linux/amd64")',
    'print(image.tags, image.labels)',
    'print("".join(line.get("stream", "") for line in logs))',
  )
  assert.match(output, /^\['py\/built:v1'\] \{'l': 'v'\}\n/)
  assert.match(output, /Step 3\/3 : RUN echo "X is \$X"\n ---> Running in \w+\nX is 7\n/)
  assert.match(output, /Successfully built [0-9a-f]{12}\nSuccessfully tagged py\/built:v1\n/)
})

test('a file object, and failures as BuildError with the log', { skip }, async () => {
  const output = await script(
    'image, _ = client.images.build(fileobj=io.BytesIO(b"FROM busybox\\nLABEL a=b\\n"))',
    'print(image.labels)',
    'try:',
    '    client.images.build(fileobj=io.BytesIO(b"FROM busybox\\nRUN exit 4\\n"))',
    'except docker.errors.BuildError as error:',
    '    print(error.msg)',
    'try:',
    '    client.images.build(fileobj=io.BytesIO(b"FROM busybox\\nFOO\\n"))',
    'except docker.errors.APIError as error:',
    '    print(error.status_code, error.explanation)',
  )
  assert.deepEqual(output.trim().split('\n'), [
    "{'a': 'b'}",
    "The command '/bin/sh -c exit 4' returned a non-zero code: 4",
    '400 dockerfile parse error on line 2: unknown instruction: FOO (did you mean FROM?)',
  ])
})

test('the build cache is pruned', { skip }, async () => {
  const output = await script('print(sorted(client.api.prune_builds()))')
  assert.equal(output, "['CachesDeleted', 'SpaceReclaimed']\n")
})
