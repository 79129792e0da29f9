import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { shareTestBuilder, type TestBuild, tagged } from '#test/support/builder.ts'

const builder = shareTestBuilder()

async function withServer<T>(
  listener: RequestListener,
  work: (url: string) => Promise<T>,
  place = { port: 0, host: '127.0.0.1' },
) {
  const server = createServer(listener).listen(place)
  await new Promise((resolve) => server.once('listening', resolve))
  const { address, port } = server.address() as AddressInfo
  try {
    return await work(`http://${address}:${port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

async function built<T>(instructions: string, look: (root: string) => T, build: TestBuild = {}) {
  await builder().build(`FROM busybox\n${instructions}\n`, { ...build, tags: tagged('src:test') })
  return builder().inspect('src:test', look)
}

const modified = 'Sun, 06 Nov 1994 08:49:37 GMT'
const serve: RequestListener = (request, response) => {
  if (request.url === '/moved') return response.writeHead(302, { location: '/file.txt' }).end()
  if (request.url === '/loop') return response.writeHead(302, { location: '/loop' }).end()
  if (request.url === '/file')
    return response.writeHead(302, { location: 'file:///etc/passwd' }).end()
  if (request.url === '/private') {
    return response.writeHead(200).end(String(request.headers.authorization))
  }
  if (request.url !== '/file.txt') return response.writeHead(404).end()
  return response.writeHead(200, { 'last-modified': modified }).end('fetched')
}

test('ADD of a URL gives a file of mode 0600 with the time of the server', async () => {
  await withServer(serve, (url) =>
    built(`ADD ${url}/file.txt /out/`, (root) => {
      const path = join(root, 'out/file.txt')
      assert.equal(fs.readFileSync(path, 'utf8'), 'fetched')
      assert.equal(fs.statSync(path).mode & 0o777, 0o600)
      assert.equal(fs.statSync(path).mtime.toUTCString(), modified)
    }),
  )
})

test('a port that browsers refuse is one like any other', async () => {
  const host = `127.66.${(process.pid >> 8) & 255}.${(process.pid & 127) + 1}`
  const look = (root: string) => fs.readFileSync(join(root, 'out'), 'utf8')
  const work = (url: string) => built(`ADD ${url}/file.txt /out`, look)
  assert.equal(await withServer(serve, work, { port: 6000, host }), 'fetched')
})

test('redirects are followed within bounds, and only to http', async () => {
  await withServer(serve, async (url) => {
    await built(`ADD ${url}/moved /out/f`, (root) => {
      assert.equal(fs.readFileSync(join(root, 'out/f'), 'utf8'), 'fetched')
    })
    await assert.rejects(built(`ADD ${url}/loop /x`, String), { message: /more than 10 redirects/ })
    await assert.rejects(built(`ADD ${url}/file /x`, String), { message: /redirected to "file:"/ })
    await assert.rejects(built(`ADD ${url}/none /x`, String), {
      message: new RegExp(`invalid response status 404 for ${url}/none`),
    })
  })
})

test('a checksum is enforced, and spares the next fetch', async () => {
  const checksum = `sha256:${createHash('sha256').update('fetched').digest('hex')}`
  let requests = 0
  const counting: RequestListener = (request, response) => {
    requests++
    serve(request, response)
  }
  await withServer(counting, async (url) => {
    const add = (digest: string) => `ADD --checksum=${digest} ${url}/file.txt /out`
    await built(add(checksum), String)
    await built(add(checksum), String)
    assert.equal(requests, 1)
    const wrong = `sha256:${'0'.repeat(64)}`
    await assert.rejects(built(add(wrong), String), {
      message: /digest mismatch .*expected: sha256:0/,
    })
  })
})

test('credentials for a host come from secrets and reach no layer', async () => {
  await withServer(serve, async (url) => {
    const { host } = new URL(url)
    const secrets = new Map([[`HTTP_AUTH_TOKEN_${host}`, Buffer.from('hush')]])
    await built(
      `ADD ${url}/private /out`,
      (root) => assert.equal(fs.readFileSync(join(root, 'out'), 'utf8'), 'Bearer hush'),
      { secrets },
    )
  })
})

test('an unreachable URL is told', async () => {
  const gone = await withServer(serve, async (url) => url)
  await assert.rejects(built(`ADD ${gone}/f /x`, String), {
    message: /^Get "http:.*": dial tcp 127\.0\.0\.1:\d+: connect: connection refused$/,
  })
})

/** A bare repository behind git's own http protocol for dumb servers. */
function makeRepository(): { readonly directory: string; readonly commit: string } {
  const directory = join(builder().identity.root, `repo-${process.hrtime.bigint()}`)
  const work = `${directory}-work`
  const script = `set -e
export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t HOME=/nonexistent
git init -q -b main ${work}; cd ${work}
mkdir sub; echo one > f; echo two > sub/g; ln -s /etc sub/out; git add .; git commit -qm one
git tag -a v1 -m v1; echo three > f; git commit -qam two
git clone -q --bare ${work} ${directory}/x.git; cd ${directory}/x.git; git update-server-info`
  execFileSync('/bin/sh', ['-c', script])
  const commit = execFileSync('git', ['-C', work, 'rev-parse', 'v1^{}']).toString().trim()
  return { directory, commit }
}

function serveFiles(directory: string): RequestListener {
  return (request, response) => {
    const path = join(directory, new URL(request.url ?? '/', 'http://x').pathname)
    if (!fs.existsSync(path) || fs.statSync(path).isDirectory())
      return response.writeHead(404).end()
    return response.writeHead(200).end(fs.readFileSync(path))
  }
}

test('ADD of a git repository: branch, tag, commit, subdirectory, checksum', async () => {
  const { directory, commit } = makeRepository()
  await withServer(serveFiles(directory), async (url) => {
    const repository = `${url}/x.git`
    const text = (name: string) => (root: string) =>
      fs.readFileSync(join(root, 'out', name), 'utf8').trim()
    assert.equal(await built(`ADD ${repository} /out/`, text('f')), 'three')
    assert.equal(await built(`ADD ${repository}#v1 /out/`, text('f')), 'one')
    assert.equal(await built(`ADD ${repository}#${commit} /out/`, text('f')), 'one')
    assert.equal(await built(`ADD ${repository}#main:sub /out/`, text('g')), 'two')
    const checked = `ADD --checksum=${commit.slice(0, 10)} ${repository}#v1 /out/`
    assert.equal(await built(checked, text('f')), 'one')
    await assert.rejects(built(`ADD --checksum=${commit} ${repository}#main /out/`, String), {
      message: /expected checksum to match/,
    })
    await assert.rejects(built(`ADD ${repository}#nowhere /out/`, String), {
      message: /repository does not contain ref nowhere/,
    })
    await assert.rejects(built(`ADD ${repository}#main:sub/out /out/`, String), {
      message: /no directory "sub\/out"/,
    })
  })
})

test('--keep-git-dir keeps it, and without there is none', async () => {
  const { directory } = makeRepository()
  await withServer(serveFiles(directory), async (url) => {
    const hasGit = (root: string) => fs.existsSync(join(root, 'out/.git'))
    assert.equal(await built(`ADD ${url}/x.git /out/`, hasGit), false)
    assert.equal(await built(`ADD --keep-git-dir=true ${url}/x.git /out/`, hasGit), true)
  })
})

test('a submodule cannot name files of this machine', async () => {
  const { directory } = makeRepository()
  const work = `${directory}-outer`
  const script = `set -e
export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t HOME=/nonexistent
git init -q -b main ${work}; cd ${work}
git -c protocol.file.allow=always submodule --quiet add ${directory}-work stolen
git commit -qm outer
git clone -q --bare ${work} ${directory}/outer.git; cd ${directory}/outer.git; git update-server-info`
  execFileSync('/bin/sh', ['-c', script])
  await withServer(serveFiles(directory), async (url) => {
    await assert.rejects(built(`ADD ${url}/outer.git /out/`, String), {
      message: /transport 'file' not allowed/,
    })
  })
})

test('a ref that looks like an option is refused before git sees it', async () => {
  await assert.rejects(built('ADD https://x.example/a.git#--upload-pack=/bin/sh /out/', String), {
    message: /begins with "-"/,
  })
})

test('an image that is nowhere fails with its name', async () => {
  await assert.rejects(builder().build('FROM 127.0.0.1:1/none\n'), { message: /127\.0\.0\.1:1/ })
})

test('a named context: a directory, or an image in the place of a name', async () => {
  const path = join(builder().identity.root, 'named')
  fs.mkdirSync(path)
  fs.writeFileSync(join(path, 'n'), 'named')
  const contexts = new Map([
    ['extra', { kind: 'directory', path, ignore: [] }],
    ['alias', { kind: 'image', reference: 'busybox' }],
  ] as const)
  await builder().build('FROM alias\nCOPY --from=extra n /n\n', { contexts, tags: tagged('src:n') })
  await builder().inspect('src:n', (root) => {
    assert.equal(fs.readFileSync(join(root, 'n'), 'utf8'), 'named')
  })
})
