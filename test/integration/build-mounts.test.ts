import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { shareTestBuilder, type TestBuild, tagged } from '#test/support/builder.ts'

const builder = shareTestBuilder()

async function printed(instructions: string, build: TestBuild = {}): Promise<string> {
  const { output } = await builder().build(`FROM busybox\n${instructions}\n`, build)
  return output.trim()
}

const files = { 'a.txt': 'A', 'dir/b.txt': 'B', 'c.md': 'C' }

test('bind shows the context, read-only and without what is ignored', async () => {
  const step = 'RUN --mount=type=bind,target=/ctx ls /ctx; touch /ctx/x 2>&1 | grep -o Read-only'
  assert.equal(await printed(step, { files }), 'a.txt\nc.md\ndir\nRead-only')
  assert.equal(await printed(step, { files, ignore: ['*.md'] }), 'a.txt\ndir\nRead-only')
})

test('bind of a stage or an image, of a directory in it', async () => {
  const dockerfile = `FROM busybox AS made
RUN mkdir /d && echo from-stage > /d/f
FROM busybox
RUN --mount=from=made,source=/d,target=/d --mount=from=busybox,source=/etc,target=/e cat /d/f && head -1 /e/passwd
`
  const { output } = await builder().build(dockerfile)
  assert.equal(output, 'from-stage\nroot:x:0:0:root:/root:/bin/sh\n')
})

test('what is written to a bind with rw is thrown away', async () => {
  const step = 'RUN --mount=type=bind,target=/ctx,rw echo new > /ctx/a.txt && cat /ctx/a.txt'
  const build = { files, tags: tagged('mounts:rw') }
  assert.equal(await printed(step, build), 'new')
  assert.equal(await printed('RUN --mount=type=bind,target=/ctx cat /ctx/a.txt', build), 'A')
  await builder().inspect('mounts:rw', (root) => {
    assert.ok(!fs.readdirSync(root).includes('ctx'), 'the mount point is no part of the layer')
  })
})

test('only the files that a bind shows count for the key', async () => {
  const dockerfile = 'FROM busybox\nRUN --mount=source=dir,target=/d cat /d/b.txt\n'
  await builder().build(dockerfile, { files })
  const { ran } = await builder().build(dockerfile, { files: { ...files, 'a.txt': 'other' } })
  assert.deepEqual(ran, [])
  const changed = await builder().build(dockerfile, { files: { ...files, 'dir/b.txt': 'other' } })
  assert.equal(changed.output, 'other')
})

test('a link in a stage cannot make a bind show the machine', async () => {
  const dockerfile = `FROM busybox AS evil
RUN ln -s /../../../../../../etc /out && ln -s / /all
FROM busybox
RUN --mount=from=evil,source=/out,target=/e cat /e/hostname || echo safe; ls /e
`
  const { output } = await builder().build(dockerfile)
  assert.match(output, /safe\ngroup\npasswd\n$/)
})

test('a cache outlives builds, is no part of the layer and keeps what it had', async () => {
  const step =
    'RUN --mount=type=cache,id=../../x,target=/cache echo line >> /cache/f; wc -l < /cache/f'
  assert.equal(await printed(step), '1')
  assert.equal(await printed(`${step} # again`), '2')
  const directory = join(builder().identity.dataRoot, 'build/cache-mounts')
  assert.ok(fs.readdirSync(directory).every((name) => /^[a-f0-9]{32}\.\d+$/.test(name)))
  assert.ok(!fs.existsSync(join(builder().identity.root, 'x')))
})

test('a pruned cache begins empty again', async () => {
  const step = 'RUN --mount=type=cache,id=pruned,target=/c echo line >> /c/f; wc -l < /c/f'
  assert.equal(await printed(step), '1')
  const { ids, freedBytes } = await builder().builder.prune({ isAll: true })
  assert.ok(ids.length > 0 && freedBytes > 0)
  assert.deepEqual(await builder().builder.diskUsage(), [])
  assert.equal(await printed(step), '1')
})

test('a cache has the mode and owner asked for, and is filled from a stage when it is new', async () => {
  const dockerfile = `FROM busybox AS seed
RUN mkdir /seed && echo seeded > /seed/f
FROM busybox
RUN --mount=type=cache,target=/c,from=seed,source=/seed,mode=0750,uid=1000,gid=1001 cat /c/f && stat -c '%a %u:%g' /c
`
  const { output } = await builder().build(dockerfile)
  assert.equal(output, 'seeded\n750 1000:1001\n')
})

test('a locked cache has one step at a time, private ones have each their own', async () => {
  const stage = (name: string, sharing: string) => `FROM busybox AS ${name}
RUN --mount=type=cache,id=${sharing},sharing=${sharing},target=/c test ! -e /c/busy && touch /c/busy && sleep 0.3 && rm /c/busy && echo ok > /${name}
`
  for (const sharing of ['locked', 'private']) {
    const dockerfile = `${stage('one', sharing)}${stage('two', sharing)}FROM busybox
COPY --from=one /one /
COPY --from=two /two /
`
    await builder().build(dockerfile)
  }
})

test('tmpfs is empty, writable and bounded', async () => {
  const step =
    "RUN --mount=type=tmpfs,target=/t,size=1m touch /t/f; df -k /t | tail -1 | awk '{print $2}'"
  assert.equal(await printed(step), '1024')
})

const secrets = new Map([['token', Buffer.from('s3cr3t-value')]])

test('a secret is a file and a variable, and in no layer, history, cache row or log', async () => {
  const step = `RUN --mount=type=secret,id=token,env=TOKEN,target=/run/t,mode=0440,uid=1000,gid=1001 \\
  test "$TOKEN" = "$(cat /run/t)" && stat -c '%a %u:%g' /run/t`
  const build = { secrets, tags: tagged('mounts:secret') }
  assert.equal(await printed(step, build), '440 1000:1001')
  const root = builder().identity.root
  const found = execFileSync('/bin/sh', ['-c', `grep -rla s3cr3t-value ${root} || true`]).toString()
  assert.equal(found, '')
})

test('a secret in its default place; a missing one is left out, or fails when required', async () => {
  const show = (options: string) =>
    `RUN --mount=type=secret,id=token${options} cat /run/secrets/token 2>&1 | head -c 6`
  assert.equal(await printed(show(''), { secrets }), 's3cr3t')
  assert.match(await printed(`${show('')} # none`), /^cat: c/)
  await assert.rejects(printed(show(',required=true')), { message: 'secret token: not found' })
})

test('an ssh agent is reached through the socket that SSH_AUTH_SOCK names', async () => {
  const socketPath = join(builder().identity.root, 'agent.sock')
  const received = Promise.withResolvers<string>()
  const server = createServer((socket) => {
    socket.once('data', (bytes) => received.resolve(bytes.toString()))
  }).listen(socketPath)
  const forward = async () => ({ socketPath, [Symbol.asyncDispose]: async () => undefined })
  const ssh = new Map([['default', forward]])
  try {
    const step = 'RUN --mount=type=ssh,mode=0666 ls -l $SSH_AUTH_SOCK'
    assert.match(await printed(step, { ssh }), /^srw-rw-rw- .*\/run\/buildkit\/ssh_agent\.0$/)
    // The one program of a bare userland that speaks to a unix socket.
    await printed('RUN --mount=type=ssh,target=/dev/log logger knock', { ssh })
    assert.match(await received.promise, /knock/)
  } finally {
    server.close()
  }
  await assert.rejects(printed('RUN --mount=type=ssh,required=true true'), {
    message: 'unset ssh forward key default',
  })
})

test('a mount into an image without a shell: a tool from another image on scratch', async () => {
  const dockerfile = `FROM scratch
RUN --mount=from=busybox,source=/bin,target=/bin ["/bin/busybox", "sh", "-c", "echo made > /made"]
`
  await builder().build(dockerfile, { tags: tagged('mounts:scratch') })
  await builder().inspect('mounts:scratch', (root) => {
    assert.deepEqual(fs.readdirSync(root), ['made'])
  })
})
