/** Docker's own command line without BuildKit: the classic protocol. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeContext } from '#test/support/contexts.ts'
import { shareEngine } from '#test/support/engine.ts'
import { run, type CommandOptions } from '#test/support/commands.ts'

const engine = shareEngine()

function build(args: readonly string[], options: CommandOptions = {}) {
  const env = { DOCKER_BUILDKIT: '0', ...options.env }
  return engine().docker(['build', ...args], { ...options, env })
}

/** Ids and random names out of the way. */
function normalized(text: string): string {
  return text.replaceAll(/\b[0-9a-f]{12}\b/g, 'ID').replace(/^Sending build context[^\n]*\n/, '')
}

test('steps in the order of the file, with the classic texts', async (t) => {
  const context = makeContext(t, {
    Dockerfile: `FROM busybox AS base
ENV A=1
RUN echo out
FROM base
COPY --from=base /bin/true /t
CMD ["true"]
`,
  })
  const first = await build(['-t', 'classic', '-t', 'classic:two', context])
  assert.equal(first.code, 0, first.stderr)
  assert.equal(
    normalized(first.stdout),
    `Step 1/6 : FROM busybox AS base
 ---> ID
Step 2/6 : ENV A=1
 ---> ID
Step 3/6 : RUN echo out
 ---> Running in ID
out
 ---> Removed intermediate container ID
 ---> ID
Step 4/6 : FROM base
 ---> ID
Step 5/6 : COPY --from=base /bin/true /t
 ---> ID
Step 6/6 : CMD ["true"]
 ---> ID
Successfully built ID
Successfully tagged classic:latest
Successfully tagged classic:two
`,
  )
  const second = await build([context])
  assert.match(normalized(second.stdout), /Step 3\/6.*\n ---> Using cache\n ---> ID\nStep 4\/6/)
  const image = await engine().client.images.inspect('classic')
  assert.match(second.stdout, new RegExp(`Successfully built ${image.Id.slice(7, 19)}\n`))
})

test('a failing step ends with its own exit code', async (t) => {
  const context = makeContext(t, { Dockerfile: 'FROM busybox\nRUN echo said && exit 3\n' })
  const { code, stdout, stderr } = await build([context])
  assert.equal(code, 3)
  assert.match(stdout, /Running in [0-9a-f]{12}\nsaid\n$/)
  assert.match(
    stderr,
    /^The command '\/bin\/sh -c echo said && exit 3' returned a non-zero code: 3$/m,
  )
})

test('errors have the texts that scripts look for', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      'FROM busybox\nCOPY gone /x\n',
      /^COPY failed: file not found in build context or excluded by \.dockerignore: stat gone: file does not exist$/m,
    ],
    [
      'FROM busybox\nFOO\n',
      /^Error response from daemon: dockerfile parse error on line 2: unknown instruction: FOO \(did you mean FROM\?\)$/m,
    ],
    ['FROM busybox\nRUN exit 9\n', /returned a non-zero code: 9$/m],
  ]
  for (const [dockerfile, text] of cases) {
    const { code, stderr } = await build([makeContext(t, { Dockerfile: dockerfile })])
    assert.notEqual(code, 0)
    assert.match(stderr, text)
  }
  const context = makeContext(t, { Dockerfile: 'FROM busybox\n' })
  const target = await build(['--target', 'nope', context])
  assert.match(target.stderr, /target stage "nope" could not be found/)
})

test('flags reach the build', async (t) => {
  const dockerfile = `FROM busybox AS first
ARG WHO=nobody
RUN echo "for $WHO" && ulimit -n && df -k /dev/shm | tail -1 && grep here /etc/hosts
FROM first AS never
RUN exit 1
`
  const context = makeContext(t, { 'sub/My.Dockerfile': dockerfile })
  const { code, stdout, stderr } = await build([
    ...`-f ${context}/sub/My.Dockerfile --target first --build-arg WHO=you`.split(' '),
    ...'--label k=v --ulimit nofile=321:321 --shm-size 8m --no-cache -t flagged'.split(' '),
    ...'--add-host here:10.1.2.3 --memory 64m'.split(' '),
    context,
  ])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /for you\n321\nshm +8192 [^]*10\.1\.2\.3\s+here/)
  const { Config } = await engine().client.images.inspect('flagged')
  assert.deepEqual(Config?.Labels, { k: 'v' })
})

test('quiet prints the id and nothing else; a failure prints what there was', async (t) => {
  const context = makeContext(t, { Dockerfile: 'FROM busybox\nRUN echo quiet\n' })
  const { stdout } = await build(['-q', context])
  assert.match(stdout, /^sha256:[0-9a-f]{64}\n$/)
})

test('a Dockerfile or an archive from stdin', async (t) => {
  const text = await build(['-'], { input: 'FROM busybox\nRUN echo from stdin\n' })
  assert.match(text.stdout, /^from stdin$/m)
  const context = makeContext(t, {
    Dockerfile: 'FROM busybox\nCOPY x /\nRUN cat /x\n',
    x: 'in tar\n',
  })
  for (const flag of ['-c', '-cz', '-cj', '-cJ', '-c --zstd']) {
    const tar = await run('tar', [...flag.split(' '), '-f', '-', '-C', context, '.'])
    const built = await build(['--no-cache', '-'], { input: tar.bytes })
    assert.match(built.stdout, /^in tar$/m, `${flag}: ${built.stderr}`)
  }
})

test('a Dockerfile from stdin joins a context', async (t) => {
  const context = makeContext(t, { given: 'from the context\n' })
  const result = await build(['-f', '-', context], {
    input: 'FROM busybox\nCOPY given /\nRUN cat /given\n',
  })
  assert.equal(result.code, 0, result.stderr)
  assert.match(result.stdout, /^from the context$/m)
})

test('the cache is pruned and shown by the command line', async (t) => {
  const context = makeContext(t, { Dockerfile: 'FROM busybox\nRUN echo pruned\n' })
  await build([context])
  const used = await engine().docker(['system', 'df', '-v'])
  assert.match(used.stdout, /Build cache usage: /)
  const pruned = await engine().docker(['builder', 'prune', '-af'])
  assert.match(pruned.stdout, /Total reclaimed space: /)
})

test('a build without the client stops', async (t) => {
  const context = makeContext(t, { Dockerfile: 'FROM busybox\nRUN echo up; sleep 600\n' })
  const started = Date.now()
  const killed = await build([context], { timeoutMs: 4000 })
  assert.notEqual(killed.code, 0)
  for (;;) {
    const [latest] = await engine().client.builds.list()
    if (latest?.Status === 'cancelled') break
    assert.ok(Date.now() - started < 20_000, `the build is ${latest?.Status}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
})
