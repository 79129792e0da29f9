import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { EngineError, errorKind } from '#base/errors.ts'
import type { BuildEvent } from '#build/types.ts'
import {
  noLimits,
  outputOf,
  shareTestBuilder,
  type TestBuild,
  tagged,
} from '#test/support/builder.ts'
import { findLeaks } from '#test/support/leaks.ts'

const builder = shareTestBuilder()

/** The last line that a RUN step printed. */
async function printed(instructions: string, build: TestBuild = {}): Promise<string> {
  const { output } = await builder().build(`FROM busybox\n${instructions}\n`, build)
  return output.trim().split('\n').at(-1) ?? ''
}

test('an image has the files, the config and the history of its instructions', async () => {
  const dockerfile = `FROM busybox
ARG who=me
ENV A=1 B="two words"
LABEL l=v
WORKDIR /app
COPY f .
RUN echo "$who $A" > made
EXPOSE 80
CMD ["cat", "made"]
`
  const { imageId } = await builder().build(dockerfile, {
    files: { f: 'x' },
    labels: { extra: 'yes' },
    tags: tagged('steps:config'),
  })
  const { config, id } = builder().images.get('steps:config')
  assert.equal(id, imageId)
  assert.equal(config.config?.WorkingDir, '/app')
  assert.deepEqual(config.config?.Labels, { l: 'v', extra: 'yes' })
  assert.deepEqual(
    config.history?.slice(1).map(({ created_by: text, empty_layer: empty }) => [text, empty]),
    [
      ['ARG who=me', true],
      ['ENV A=1 B=two words', true],
      ['LABEL l=v', true],
      ['WORKDIR /app', undefined],
      ['COPY f . # buildkit', undefined],
      ['RUN |1 who=me /bin/sh -c echo "$who $A" > made # buildkit', undefined],
      ['EXPOSE [80/tcp]', true],
      ['CMD ["cat" "made"]', true],
    ],
  )
  assert.ok(config.history?.every(({ created }) => created !== undefined))
  assert.equal(config.rootfs.diff_ids.length, 4)
  await builder().inspect('steps:config', (root) => {
    assert.equal(readFileSync(join(root, 'app/made'), 'utf8'), 'me 1\n')
  })
})

test('a layer holds what the step changed, and no mount point, hosts or resolv.conf', async () => {
  const dockerfile = `FROM busybox
RUN --mount=type=tmpfs,target=/scratch/deep touch /scratch/deep/x && echo 1 > /kept
`
  await builder().build(dockerfile, { tags: tagged('steps:stubs') })
  const top = builder().images.get('steps:stubs').chainId
  assert.ok(top)
  await builder().inspect('steps:stubs', (root) => {
    const names = readdirSync(root)
    for (const absent of ['proc', 'sys', 'dev', 'scratch']) assert.ok(!names.includes(absent))
    assert.deepEqual(readdirSync(join(root, 'etc')).toSorted(), ['group', 'passwd'])
    assert.ok(names.includes('kept'))
  })
})

test('a step that changes nothing gives the empty layer', async () => {
  const emptyLayer = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef'
  await builder().build('FROM busybox\nRUN true\n', { tags: tagged('steps:empty') })
  assert.equal(builder().images.get('steps:empty').config.rootfs.diff_ids.at(-1), emptyLayer)
})

test('a rebuild from the cache runs nothing and gives the same image', async () => {
  const dockerfile = 'FROM busybox\nCOPY f /f\nRUN date +%s%N > /time\n'
  const build = { files: { f: '1' } }
  const first = await builder().build(dockerfile, build)
  const second = await builder().build(dockerfile, build)
  assert.deepEqual(second.ran, [])
  assert.equal(second.imageId, first.imageId)
  const changed = await builder().build(dockerfile, { files: { f: '2' } })
  assert.deepEqual(changed.ran, ['COPY f /f', 'RUN date +%s%N > /time'])
})

test('a step that is made again with the same files does not make those after it run', async () => {
  const dockerfile = (comment: string) => `FROM busybox AS made
RUN echo same > /f # ${comment}
FROM busybox
COPY --from=made /f /f
RUN cat /f
`
  await builder().build(dockerfile('one'))
  const { ran } = await builder().build(dockerfile('two'))
  assert.deepEqual(ran, ['RUN echo same > /f # two'])
})

test('stages that do not depend on each other run side by side', async () => {
  const dockerfile = `FROM busybox AS one
RUN --mount=type=cache,id=meet,target=/m touch /m/one; while [ ! -e /m/two ]; do sleep 0.05; done
FROM busybox AS two
RUN --mount=type=cache,id=meet,target=/m touch /m/two; while [ ! -e /m/one ]; do sleep 0.05; done
FROM busybox
COPY --from=one /etc/passwd /one
COPY --from=two /etc/passwd /two
`
  await builder().build(dockerfile)
})

test('a failing step ends the build with its exit code, output and nothing left', async () => {
  const events: BuildEvent[] = []
  const dockerfile = 'FROM busybox\nRUN echo told && exit 3\n'
  await assert.rejects(
    builder().build(dockerfile, { tags: tagged('steps:failed'), onEvent: (e) => events.push(e) }),
    {
      message:
        'process "/bin/sh -c echo told && exit 3" did not complete successfully: exit code: 3',
    },
  )
  assert.equal(outputOf(events), 'told\n')
  assert.ok(events.some(({ type }) => type === 'vertex-failed'))
  assert.equal(builder().images.find('steps:failed'), undefined)
  await assertNothingRuns()
})

test('a program that is not there fails as Docker says', async () => {
  await assert.rejects(builder().build('FROM busybox\nRUN ["/nowhere"]\n'), {
    message: /exec: "\/nowhere": .*no such file or directory/,
  })
})

test('a cancelled build ends within a second and leaves nothing', async () => {
  const abort = new AbortController()
  const dockerfile = 'FROM busybox\nRUN echo here; trap "" TERM INT; sleep 600 & sleep 600\n'
  const started = Promise.withResolvers<void>()
  const building = builder().build(dockerfile, {
    signal: abort.signal,
    onEvent: ({ type }) => type === 'vertex-output' && started.resolve(),
  })
  await started.promise
  const at = performance.now()
  abort.abort(new EngineError('cancelled', 'the client has gone'))
  await assert.rejects(building, { message: 'the client has gone' })
  assert.ok(performance.now() - at < 1000, 'it ends within a second')
  await assertNothingRuns()
  const [entry] = builder().builder.history.list()
  assert.equal(entry?.status, 'cancelled')
})

async function assertNothingRuns(): Promise<void> {
  const leaks = await findLeaks(builder().identity)
  const ofSteps = leaks.filter((leak) => leak.includes('build-') || leak.startsWith('bridge port'))
  assert.deepEqual(ofSteps, [])
  const keys = [...builder().stores.snapshots.listActive()]
  assert.deepEqual(
    keys.filter((key) => key.startsWith('build-')),
    [],
  )
}

test('two builds at once run an equal step once', async () => {
  const dockerfile = 'FROM busybox\nRUN sleep 0.3; cat /proc/sys/kernel/random/uuid > /id\n'
  const [one, two] = await Promise.all([builder().build(dockerfile), builder().build(dockerfile)])
  assert.equal(one.imageId, two.imageId)
})

test('a step goes on for the build that still waits when the one that began it is cancelled', async () => {
  const dockerfile = 'FROM busybox\nRUN cat /proc/sys/kernel/random/uuid | tee /shared; sleep 0.5\n'
  const abort = new AbortController()
  const drawn = Promise.withResolvers<string>()
  const joined = Promise.withResolvers<void>()
  const first = builder().build(dockerfile, {
    signal: abort.signal,
    onEvent: (event) =>
      event.type === 'vertex-output' && drawn.resolve(Buffer.from(event.chunk).toString()),
  })
  const uuid = await drawn.promise
  const second = builder().build(dockerfile, {
    tags: tagged('steps:shared'),
    onEvent: (event) =>
      event.type === 'vertex-started' && event.vertex.name.includes('RUN') && joined.resolve(),
  })
  await Promise.race([joined.promise, second])
  abort.abort(new EngineError('cancelled', 'the client has gone'))
  await assert.rejects(first, { message: 'the client has gone' })
  await second
  await builder().stores.gc.run()
  await builder().inspect('steps:shared', (root) => {
    assert.equal(readFileSync(join(root, 'shared'), 'utf8'), uuid)
  })
  await assertNothingRuns()
})

test('a step runs as its user, in its directory, with its environment alone', async () => {
  const lines = 'RUN id -u; id -G; pwd; env | sort | tr "\\n" " "'
  const { output } = await builder().build(
    `FROM busybox\nENV X=1\nUSER alice\nWORKDIR /w\n${lines}\n`,
  )
  assert.deepEqual(output.trim().split('\n').slice(0, 3), ['1000', '1000 1001', '/w'])
  assert.match(output, /HOME=\/home\/alice .*PATH=\S+ .*X=1/)
  assert.doesNotMatch(output, /GANTRY|npm_|NODE_/)
})

test('proxies reach the step but neither key nor history', async () => {
  const dockerfile = 'FROM busybox\nRUN echo proxy=$http_proxy\n'
  const buildArgs = new Map([['http_proxy', 'http://secret.example']])
  const first = await builder().build(dockerfile, { buildArgs, tags: tagged('steps:proxy') })
  assert.equal(first.output, 'proxy=http://secret.example\n')
  const { config } = builder().images.get('steps:proxy')
  assert.doesNotMatch(JSON.stringify(config), /secret\.example/)
  assert.deepEqual((await builder().build(dockerfile)).ran, [])
})

test('network modes: a bridge, nothing, or the machine', async () => {
  const interfaces = "ls /sys/class/net | tr '\\n' ' '"
  assert.match(await printed(`RUN ${interfaces}`), /eth0/)
  assert.equal((await printed(`RUN --network=none ${interfaces}`)).trim(), 'lo')
  const host = `RUN --network=host ${interfaces}`
  await assert.rejects(printed(host), { message: 'network.host is not allowed' })
  const { bridge } = builder().identity
  assert.ok((await printed(host, { allowsHostNetwork: true })).includes(bridge))
  assert.ok((await printed(`RUN ${interfaces} # all`, { network: 'host' })).includes(bridge))
})

test('--add-host and the sandbox host name are in /etc/hosts', async () => {
  const limits = { ...noLimits, extraHosts: ['db:10.1.2.3'] }
  const { output } = await builder().build('FROM busybox\nRUN cat /etc/hosts; hostname\n', {
    limits,
  })
  assert.match(output, /10\.1\.2\.3\tdb/)
  assert.match(output, /buildkitsandbox\n$/)
})

test('limits bound each step', async () => {
  const limits = {
    ...noLimits,
    memoryBytes: 16 * 1024 * 1024,
    memorySwapBytes: 16 * 1024 * 1024,
    shmSizeBytes: 1024 * 1024,
    ulimits: [{ name: 'nofile', soft: 123, hard: 456 }],
  }
  const dockerfile =
    "FROM busybox\nRUN ulimit -n; ulimit -Hn; df -k /dev/shm | tail -1 | awk '{print $2}'\n"
  const { output } = await builder().build(dockerfile, { limits })
  assert.equal(output, '123\n456\n1024\n')
  await assert.rejects(
    builder().build('FROM busybox\nRUN head -c 100m /dev/zero | tail > /dev/null\n', { limits }),
    { message: /exit code: 137/ },
  )
})

test('security=insecure runs only when it is allowed', async () => {
  const dockerfile = 'FROM busybox\nRUN --security=insecure grep CapEff /proc/self/status\n'
  await assert.rejects(
    builder().build(dockerfile),
    (error) => errorKind(error) === 'permission_denied',
  )
  const sandboxed = await printed('RUN grep CapEff /proc/self/status')
  const { output } = await builder().build(dockerfile, { allowsInsecure: true })
  assert.notEqual(output.trim(), sandboxed)
})

test('ONBUILD triggers of a base run first', async () => {
  const base = 'FROM busybox\nONBUILD COPY f /from-base\nONBUILD RUN cat /from-base\n'
  await builder().build(base, { tags: tagged('steps:onbuild') })
  const { ran } = await builder().build('FROM steps:onbuild\nRUN true\n', { files: { f: 'x' } })
  assert.deepEqual(ran, ['COPY f /from-base', 'RUN cat /from-base', 'RUN true'])
})

test('a heredoc with a shebang is executed by its interpreter, others by the shell', async () => {
  assert.equal(await printed('RUN <<EOF\necho one\necho two\nEOF'), 'two')
  assert.equal(await printed('RUN <<EOF\n#!/bin/awk -f\nBEGIN { print 6 * 7 }\nEOF'), '42')
})

test('prune frees what no image uses, and history tells of every build', async () => {
  await builder().build('FROM busybox\nRUN echo pruned > /f\n')
  const before = await builder().builder.diskUsage()
  assert.ok(before.some(({ description }) => description.includes('RUN echo pruned')))
  const { ids } = await builder().builder.prune({ isAll: true })
  assert.ok(ids.length > 0)
  assert.deepEqual(
    (await builder().builder.diskUsage()).filter(({ type }) => type === 'regular'),
    [],
  )
  const { ran } = await builder().build('FROM busybox\nRUN echo pruned > /f\n')
  assert.deepEqual(ran, ['RUN echo pruned > /f'])
  const [entry] = builder().builder.history.list()
  assert.equal(entry?.status, 'completed')
  const log: Uint8Array[] = await Array.fromAsync(builder().builder.history.logs(entry.buildId))
  assert.match(Buffer.concat(log).toString(), /RUN echo pruned > \/f/)
})
