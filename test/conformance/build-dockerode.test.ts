/** dockerode 5 builds images; contexts that try to leave themselves, and remote ones. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { existsSync } from 'node:fs'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import Dockerode from 'dockerode'
import { pack } from 'tar-stream'
import { run } from '#test/support/commands.ts'
import { makeContext } from '#test/support/contexts.ts'
import { type CleanupScope, shareEngine } from '#test/support/engine.ts'

const engine = shareEngine()

interface Line {
  readonly stream?: string
  readonly aux?: { readonly ID?: string }
  readonly error?: string
  readonly errorDetail?: { readonly code?: number; readonly message: string }
}

async function followed(docker: Dockerode, stream: NodeJS.ReadableStream): Promise<Line[]> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error: Error | null, lines: Line[]) =>
      error ? reject(error) : resolve(lines),
    )
  })
}

function dockerode(): Dockerode {
  return new Dockerode({ socketPath: engine().socketPath })
}

function texts(lines: readonly Line[]): string {
  return lines.map(({ stream = '' }) => stream).join('')
}

test('a context of files becomes a tagged image, its id comes as aux', async (t) => {
  const context = makeContext(t, {
    Dockerfile: 'FROM busybox\nCOPY a.txt /\nRUN cat /a.txt\n',
    'a.txt': 'from a\n',
  })
  const docker = dockerode()
  const stream = await docker.buildImage(
    { context, src: ['Dockerfile', 'a.txt'] },
    {
      t: 'dockerode/built',
      labels: { who: 'dockerode' },
      buildargs: { UNUSED: 'x' },
      nocache: true,
    },
  )
  const lines = await followed(docker, stream)
  assert.match(texts(lines), /\nfrom a\n/)
  const id = lines.find(({ aux }) => aux?.ID)?.aux?.ID
  const image = await docker.getImage('dockerode/built').inspect()
  assert.equal(image.Id, id)
  assert.deepEqual(image.Config.Labels, { who: 'dockerode' })
})

test('a failing step is the last line, with its code', async () => {
  const docker = dockerode()
  const archive = tarOf({ Dockerfile: 'FROM busybox\nRUN exit 5\n' })
  const stream = await docker.buildImage(archive, {})
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  const last: Line = JSON.parse(Buffer.concat(chunks).toString().trim().split('\r\n').at(-1) ?? '')
  const message = "The command '/bin/sh -c exit 5' returned a non-zero code: 5"
  assert.deepEqual(last, { errorDetail: { code: 5, message }, error: message })
})

function tarOf(files: Readonly<Record<string, string>>): NodeJS.ReadableStream {
  const archive = pack()
  for (const [name, content] of Object.entries(files)) archive.entry({ name }, content)
  archive.finalize()
  return Readable.from(archive)
}

test('members that leave the context are refused, links stay inside it', async () => {
  const docker = dockerode()
  const leaving = tarOf({ Dockerfile: 'FROM busybox\n', '../escaped': 'x' })
  await assert.rejects(
    docker.buildImage(leaving, {}),
    /Error processing tar file: .*"\.\.\/escaped" is outside of the context/,
  )
  const archive = pack()
  archive.entry({ name: 'Dockerfile' }, 'FROM busybox\nCOPY . /c\nRUN cat /c/etc/mark\n')
  archive.entry({ name: 'etc', type: 'symlink', linkname: '/tmp/gantry-escape-test' })
  archive.entry({ name: 'etc/mark' }, 'inside\n')
  archive.entry({ name: 'pipe', type: 'fifo' })
  archive.finalize()
  await docker.buildImage(Readable.from(archive), {}).catch((error: unknown) => {
    assert.match(String(error), /"etc" is used as a directory but is none/)
  })
  assert.equal(existsSync('/tmp/gantry-escape-test'), false)
  const noFile = tarOf({ x: 'y' })
  await assert.rejects(
    docker.buildImage(noFile, {}),
    /Cannot locate specified Dockerfile: Dockerfile/,
  )
  const outside = tarOf({ Dockerfile: 'FROM busybox\n' })
  await assert.rejects(
    docker.buildImage(outside, { dockerfile: '../../etc/passwd' }),
    /forbidden path outside the build context/,
  )
})

test('what the query cannot mean is refused before the build', async () => {
  const { client } = engine()
  const post = (query: Record<string, string>) =>
    client.transport.request({ method: 'POST', path: '/build', query, stream: Readable.from([]) })
  await assert.rejects(post({ buildargs: '{' }), /error reading build args/)
  await assert.rejects(post({ labels: '[1]' }), /error reading labels/)
  await assert.rejects(post({ ulimits: '{}' }), /error reading ulimit settings/)
  await assert.rejects(post({ t: 'UPPER' }), /invalid reference format/)
  await assert.rejects(post({ memory: 'x' }), /invalid query parameter memory/)
  await assert.rejects(post({ networkmode: 'container:x' }), /not supported by the builder/)
})

interface Served {
  readonly url: string
}

async function serveFiles(
  scope: CleanupScope,
  files: Readonly<Record<string, Buffer | string>>,
): Promise<Served> {
  const server = createServer((request, response) => {
    const body = files[request.url ?? '']
    if (body === undefined) response.writeHead(404).end()
    else response.end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.after(async () => void server.close())
  const address = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${address.port.toString()}` }
}

/** A repository with the files of `context` below `sub`, served by git itself on loopback. */
async function serveRepository(scope: CleanupScope, context: string): Promise<string> {
  const base = makeContext(scope, {})
  const script = `
    git init -q -b main work && mkdir work/sub && cp ${context}/* work/sub && cd work && git add .
    git -c user.name=t -c user.email=t@t commit -qm one && cd .. && git clone -q --bare work r.git`
  const made = await run('sh', ['-ec', script], { cwd: base })
  assert.equal(made.code, 0, made.stderr)
  const port = 20_000 + (process.pid % 10_000)
  const args = ['--listen=127.0.0.1', `--port=${port.toString()}`, '--export-all', '--reuseaddr']
  const child = spawn('/usr/lib/git-core/git-daemon', [...args, `--base-path=${base}`, base])
  const ended = once(child, 'exit')
  scope.after(async () => {
    child.kill()
    await ended
  })
  const url = `git://127.0.0.1:${port.toString()}/r.git`
  while ((await run('git', ['ls-remote', url])).code !== 0) {
    assert.equal(child.exitCode, null, 'git daemon ended')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return url
}

test('remote: a Dockerfile, an archive and a git repository over http', async (t) => {
  const context = makeContext(t, {
    Dockerfile: 'FROM busybox\nCOPY x /\nRUN cat /x\n',
    x: 'remote\n',
  })
  const tar = await run('tar', ['-cz', '-f', '-', '-C', context, '.'])
  const { url } = await serveFiles(t, {
    '/Dockerfile': 'FROM busybox\nRUN echo only text\n',
    '/context.tar.gz': tar.bytes,
  })
  const docker = dockerode()
  const remote = async (source: string) => {
    const stream = await docker.buildImage(Readable.from([]), { remote: source, nocache: true })
    return texts(await followed(docker, stream))
  }
  assert.match(await remote(`${url}/Dockerfile`), /\nonly text\n/)
  assert.match(await remote(`${url}/context.tar.gz`), /\nremote\n/)
  await assert.rejects(remote(`${url}/gone`), /failed to GET http.*with status 404 Not Found/)
  await assert.rejects(remote('http://127.0.0.1:2/x.git'), /failed to fetch remote/)
  const repository = await serveRepository(t, context)
  assert.match(await remote(`${repository}#main:sub`), /\nremote\n/)
  await assert.rejects(remote(`${repository}#gone`), /does not contain ref gone/)
})

test('POST /build/cancel ends the build of that id', async () => {
  const archive = tarOf({ Dockerfile: 'FROM busybox\nRUN echo up; sleep 600\n' })
  const { transport } = engine().client
  const query = { buildid: 'chosen', nocache: true }
  const reply = await transport.request({
    method: 'POST',
    path: '/build',
    query,
    stream: Readable.from(archive),
  })
  let text = ''
  let isCancelled = false
  for await (const chunk of reply.body) {
    text += Buffer.from(chunk).toString()
    if (isCancelled || !text.includes('up\\n')) continue
    isCancelled = true
    await transport.request({ method: 'POST', path: '/build/cancel', query: { id: 'chosen' } })
  }
  assert.match(text, /"error":"build cancelled"\}\r\n$/)
})
