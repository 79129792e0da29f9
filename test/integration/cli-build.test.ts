import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { run } from '#test/support/commands.ts'
import { makeContext } from '#test/support/contexts.ts'
import { shareEngine } from '#test/support/engine.ts'
import { projectRoot } from '#test/support/paths.ts'

const engine = shareEngine()

const dockerfile = `FROM busybox
WORKDIR /app
COPY . .
RUN echo made > made && cat hello
CMD ["cat", "/app/hello", "/app/made"]
`

test('a directory becomes an image that runs', async (t) => {
  const context = makeContext(t, { Dockerfile: dockerfile, hello: 'hello\n' })
  const iidfile = join(context, '.iid')
  const metadataFile = join(context, '.metadata')
  const built = await engine().gantry([
    ...'build -t cli-hello -t cli-hello:two --progress=plain'.split(' '),
    ...`--iidfile ${iidfile} --metadata-file ${metadataFile} ${context}`.split(' '),
  ])
  assert.equal(built.code, 0, built.stderr)
  assert.match(built.stderr, /^#1 \[internal\] load build definition from Dockerfile$/m)
  assert.match(built.stderr, /^#\d+ \[4\/4\] RUN echo made > made && cat hello$/m)
  assert.match(built.stderr, /^#\d+ \d+\.\d{3} hello$/m)
  const ran = await engine().gantry(['run', '--rm', 'cli-hello:two'])
  assert.deepEqual([ran.stdout, ran.code], ['hello\nmade\n', 0])
  const image = await engine().client.images.inspect('cli-hello')
  assert.equal(readFileSync(iidfile, 'utf8'), image.Id)
  const metadata: unknown = JSON.parse(readFileSync(metadataFile, 'utf8'))
  assert.ok(typeof metadata === 'object' && metadata !== null)
})

test('a second build takes every step from the cache; quiet shows only the id', async (t) => {
  const context = makeContext(t, { Dockerfile: dockerfile, hello: 'twice\n' })
  const first = await engine().gantry(['build', '-q', context])
  const second = await engine().gantry(['build', '-q', context])
  assert.match(first.stdout, /^sha256:[0-9a-f]{64}\n$/)
  assert.deepEqual([second.stdout, second.stderr], [first.stdout, ''])
  const shown = await engine().gantry(['build', context])
  assert.match(shown.stderr, /^#\d+ \[4\/4\] RUN .*\n#\d+ CACHED$/m)
  assert.doesNotMatch(shown.stderr, /twice/)
})

test('--why names the file, the argument and the step before', async (t) => {
  const text = 'FROM busybox\nARG A=1\nCOPY src /src\nRUN echo why $A\n'
  const context = makeContext(t, { Dockerfile: text, 'src/a': '1', 'src/b': '2', other: '3' })
  const build = async (...args: string[]) => {
    const flags = ['--why', '--progress=quiet', ...args]
    return (await engine().gantry(['build', ...flags, context])).stderr
  }
  assert.match(await build(), / \[2\/3\] COPY src \/src\n {3}it was never built before\n/)
  writeFileSync(join(context, 'other'), 'changed')
  assert.equal(await build(), 'Why: every step came from the cache\n')
  assert.equal(
    await build('--build-arg', 'A=2'),
    'Why:\n [3/3] RUN echo why 2\n   A changed: it was "1", it is "2"\n',
  )
  writeFileSync(join(context, 'src/a'), 'changed')
  chmodSync(join(context, 'src/b'), 0o755)
  writeFileSync(join(context, 'src/c'), 'new')
  assert.equal(
    await build('--build-arg', 'A=2'),
    [
      'Why:\n [2/3] COPY src /src\n',
      '   src/a changed\n   src/b changed its mode\n   src/c was added\n',
      ' [3/3] RUN echo why 2\n   the step before it changed: [2/3] COPY src /src\n',
    ].join(''),
  )
  const edited = text.replace('echo why', 'echo who')
  writeFileSync(join(context, 'Dockerfile'), edited)
  assert.equal(
    await build(),
    'Why:\n [3/3] RUN echo who 1\n   the instruction changed: it was "RUN echo why $A", it is "RUN echo who $A"\n',
  )
  writeFileSync(join(context, 'Dockerfile'), edited.replace('COPY', 'WORKDIR /w\nCOPY'))
  assert.match(
    await build(),
    /COPY src \/src\n {3}it builds on \[2\/4\] WORKDIR \/w, it was on \[1\/3\] FROM /,
  )
})

test('--why tells the digests of a base image that moved', async (t) => {
  const context = makeContext(t, { Dockerfile: 'FROM why-base\nRUN echo on base\n' })
  const base = (name: string) =>
    engine().gantry(['build', '-q', '-t', 'why-base', '-'], {
      input: `FROM busybox\nRUN echo ${name} > /name\n`,
    })
  await base('one')
  await engine().gantry(['build', '-q', context])
  await base('two')
  const { stderr } = await engine().gantry(['build', '--why', '--progress=quiet', context])
  assert.match(
    stderr,
    /RUN echo on base\n {3}the base image changed: it is docker.io\/library\/why-base:latest@sha256:\w+, it was docker.io\/library\/why-base:latest@sha256:\w+\n/,
  )
})

test('a failing step shows its output, the source and the code', async (t) => {
  const text = 'FROM busybox\n\nRUN echo first && \\\n    exit 7\n'
  const context = makeContext(t, { Dockerfile: text })
  const { code, stderr, stdout } = await engine().gantry(['build', '-t', 'never', context])
  assert.deepEqual([code, stdout], [1, ''])
  assert.match(stderr, /^------\n > \[2\/2\] RUN echo first.*\n\d+\.\d{3} first\n------$/m)
  assert.match(stderr, /^Dockerfile:3\n-{20}\n/m)
  assert.match(stderr, /^ {3}3 \| >>> RUN echo first && \\$/m)
  assert.match(stderr, /^ERROR: failed to build: failed to solve: process .*exit code: 7$/m)
  await assert.rejects(engine().client.images.inspect('never'), { kind: 'not_found' })
})

test('what is wrong with the input is said with its place', async (t) => {
  const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
    [
      { Dockerfile: 'FROM busybox\nFOO bar\n' },
      />>> FOO bar\n[^]*line 2: unknown instruction: FOO/,
    ],
    [{ Dockerfile: 'FROM busybox\nCOPY gone /x\n' }, />>> COPY gone[^]*"\/gone": not found\n/],
    [
      { Dockerfile: 'FROM busybox\nCOPY kept /x\n', kept: 'x', '.dockerignore': 'kept\n' },
      /"\/kept": not found \(\.dockerignore excludes it\)/,
    ],
    [{ nothing: '' }, /failed to read dockerfile: open Dockerfile: no such file or directory/],
  ]
  for (const [files, expected] of cases) {
    const { code, stderr } = await engine().gantry(['build', makeContext(t, files)])
    assert.equal(code, 1)
    assert.match(stderr, expected)
  }
  const gone = await engine().gantry(['build', '/nowhere/at/all'])
  assert.match(gone.stderr, /unable to prepare context: path "\/nowhere\/at\/all" not found/)
})

test('the Dockerfile may come from stdin, the context too', async (t) => {
  const context = makeContext(t, { hello: 'from the context\n' })
  const text = 'FROM busybox\nCOPY hello /\nRUN cat hello\n'
  const fromStdin = await engine().gantry(['build', '-f', '-', context], { input: text })
  assert.match(fromStdin.stderr, /from the context/)
  const alone = await engine().gantry(['build', '-'], { input: 'FROM busybox\nRUN echo alone\n' })
  assert.match(alone.stderr, /\d alone\n/)
  const elsewhere = makeContext(t, { 'other.Dockerfile': text })
  const file = join(elsewhere, 'other.Dockerfile')
  const outside = await engine().gantry(['build', '--no-cache', '-f', file, context])
  assert.match(outside.stderr, /load build definition from other\.Dockerfile[^]*from the context/)
})

test('a context from stdin has the ignore file of the Dockerfile that -f names', async (t) => {
  const context = makeContext(t, {
    'other.Dockerfile': 'FROM busybox\nCOPY . /all\nRUN ls /all\n',
    'other.Dockerfile.dockerignore': 'hidden\n',
    hidden: '',
    shown: '',
  })
  const tar = await run('tar', ['-c', '-C', context, '.'])
  const flags = ['--no-cache', '-f', 'other.Dockerfile']
  const { stderr } = await engine().gantry(['build', ...flags, '-'], { input: tar.bytes })
  assert.match(stderr, /\d shown\n/)
  assert.doesNotMatch(stderr, /\d hidden\n/)
})

test('secrets, build arguments, labels and named contexts reach the build', async (t) => {
  const text = `FROM busybox
ARG WHO
COPY --from=extra /more /more
RUN --mount=type=secret,id=token cat /run/secrets/token
RUN --mount=type=secret,id=word,env=WORD echo "word is $WORD" for $WHO
`
  const context = makeContext(t, { Dockerfile: text, token: 'from a file\n' })
  const extra = makeContext(t, { more: 'more\n' })
  const { code, stderr } = await engine().gantry(
    [
      ...'build -t cli-args --label a=b --build-arg WHO=me'.split(' '),
      ...`--secret id=token,src=${context}/token --secret id=word,env=SPOKEN`.split(' '),
      ...`--build-context extra=${extra} ${context}`.split(' '),
    ],
    { env: { SPOKEN: 'aloud' } },
  )
  assert.equal(code, 0, stderr)
  assert.match(stderr, /from a file\n[^]*word is aloud for me/)
  const image = await engine().client.images.inspect('cli-args')
  assert.deepEqual(image.Config?.Labels, { a: 'b' })
})

test('--check, --call=targets and --call=outline build nothing', async (t) => {
  const text = 'ARG V=1\nFROM busybox AS base\nCMD echo hi\nFROM base AS final\n'
  const context = makeContext(t, { Dockerfile: text })
  const check = await engine().gantry(['build', '--check', context])
  assert.equal(check.code, 1)
  assert.match(check.stdout, /^Check complete, 1 warning has been found!\n\nWARNING: JSONArgsReco/)
  assert.match(check.stdout, /^ {3}3 \| >>> CMD echo hi$/m)
  const targets = await engine().gantry(['build', '--call=targets', context])
  assert.match(targets.stdout, /^base +\nfinal \(default\) $/m)
  const outline = await engine().gantry(['build', '--call=outline', context])
  assert.match(outline.stdout, /^V +1 +$/m)
})

test('rawjson is one object per line', async (t) => {
  const context = makeContext(t, { Dockerfile: 'FROM busybox\nRUN echo raw line\n' })
  const { stderr } = await engine().gantry(['build', '--progress=rawjson', context])
  const objects = stderr
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line))
  const logs = JSON.stringify(objects).includes(Buffer.from('raw line\n').toString('base64'))
  assert.ok(logs, stderr)
})

test('past builds and the cache can be looked at, and pruned', async (t) => {
  const context = makeContext(t, { Dockerfile: 'FROM busybox\nRUN echo kept in history\n' })
  await engine().gantry(['build', '-q', context])
  const list = await engine().gantry(['builder', 'history', 'ls'])
  assert.match(list.stdout, /^BUILD ID +NAME +STATUS +STEPS +CREATED AT +DURATION\n/)
  const logs = await engine().gantry(['builder', 'history', 'logs'])
  assert.match(logs.stdout, /kept in history/)
  const record = await engine().gantry(['builder', 'history', 'inspect', '--format', '{{.Status}}'])
  assert.equal(record.stdout, 'completed\n')
  const usage = await engine().gantry(['builder', 'du'])
  assert.match(usage.stdout, /RUN echo kept in history[^]*local source for context[^]*Total:/)
  const pruned = await engine().gantry(['builder', 'prune', '-af'])
  assert.match(pruned.stdout, /^Deleted build cache objects:\n[^]*Total reclaimed space: /)
  const after = await engine().gantry(['builder', 'du'])
  assert.doesNotMatch(after.stdout, /regular|source\.local/)
})

test('a step sees a socket of the ssh agent; without one the build says so', async (t) => {
  const context = makeContext(t, { hello: '' })
  const socketPath = join(context, 'agent.sock')
  const agent = createServer().listen(socketPath)
  t.after(() => agent.close())
  const input =
    'FROM busybox\nRUN --mount=type=ssh,required test -S "$SSH_AUTH_SOCK" && echo there\n'
  const build = (args: string) =>
    engine().gantry(`build ${args} -f - ${context}`.split(' '), { input })
  const { code, stderr } = await build(`--progress=plain --ssh default=${socketPath}`)
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^#\d+ \d+\.\d{3} there$/m)
  assert.equal((await build('--no-cache --progress=plain')).code, 1)
})

test('a terminal gets a picture that is drawn over', async (t) => {
  const context = makeContext(t, { Dockerfile: 'FROM busybox\nRUN echo pictured; sleep 1\n' })
  const program = `import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)`
  const args = ['-c', program, process.execPath, `${projectRoot}/src/cli/main.ts`, 'build', context]
  const env = { DOCKER_HOST: engine().host, COLUMNS: '100' }
  const { code, stdout } = await run('python3', args, { env })
  assert.equal(code, 0, stdout)
  const pictures = stdout.split('\u001b[0J')
  assert.ok(pictures.length > 3, 'a second of work is drawn several times')
  assert.match(pictures.at(1) ?? '', /^\[\+\] Building \d+\.\ds \(\d+\/\d+\)/)
  assert.match(stdout, / => => # pictured/)
  assert.match(stdout, /\[\+\] Building \d+\.\ds \((\d+)\/\1\) FINISHED/)
})
