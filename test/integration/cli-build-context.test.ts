import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { run } from '#test/support/commands.ts'
import { makeContext } from '#test/support/contexts.ts'
import { shareEngine } from '#test/support/engine.ts'
import { meterSocket } from '#test/support/socket-meter.ts'

const engine = shareEngine()

/** Builds and shows what `command` prints in the image's step. */
async function show(context: string, command: string): Promise<string> {
  const dockerfile = `FROM busybox\nWORKDIR /c\nCOPY . .\nRUN ${command}\n`
  const options = { input: dockerfile }
  const built = await engine().gantry(['build', '--no-cache', '-f', '-', context], options)
  assert.equal(built.code, 0, built.stderr)
  const lines = built.stderr.matchAll(/^#\d+ \d+\.\d{3} (.*)$/gm)
  return [...lines].map(([, text = '']) => `${text}\n`).join('')
}

test('of a 300 MB context with one changed file, that file is sent', async (t) => {
  const context = makeContext(t, { Dockerfile: 'FROM scratch\nCOPY small /\n', small: 'one' })
  for (const name of ['a', 'b', 'c']) {
    writeFileSync(join(context, name), '')
    truncateSync(join(context, name), 100 * 1024 * 1024)
  }
  await using meter = await meterSocket(engine().socketPath)
  const env = { DOCKER_HOST: `unix://${meter.path}` }
  const build = () => engine().gantry(['build', '-q', context], { env })
  assert.equal((await build()).code, 0)
  const first = meter.take()
  assert.ok(first > 300 * 1024 * 1024, `${first} bytes`)
  writeFileSync(join(context, 'small'), 'two and more')
  assert.equal((await build()).code, 0)
  const second = meter.take()
  // The request and the list, and a tar of one block of header, one of content, two of end.
  assert.ok(second < 8 * 1024, `${second} bytes`)
  assert.equal((await build()).code, 0)
  assert.ok(meter.take() < second, 'nothing changed: not even that file')
})

test('files that went are gone from the next build; links, modes and times come along', async (t) => {
  const context = makeContext(t, {
    'keep/a': 'a',
    'drop/x': 'x',
    'drop/y': 'y',
    tool: '#!/bin/sh\n',
  })
  chmodSync(join(context, 'tool'), 0o750)
  utimesSync(join(context, 'tool'), 1_000_000_000, 1_000_000_000)
  symlinkSync('keep/a', join(context, 'link'))
  linkSync(join(context, 'keep/a'), join(context, 'keep/b'))
  const listing = 'find . | sort && cat link && stat -c "%a %u:%g %Y" tool && stat -c %h keep/a'
  assert.equal(
    await show(context, listing),
    '.\n./drop\n./drop/x\n./drop/y\n./keep\n./keep/a\n./keep/b\n./link\n./tool\na750 0:0 1000000000\n2\n',
  )
  rmSync(join(context, 'drop'), { recursive: true })
  rmSync(join(context, 'link'))
  mkdirSync(join(context, 'link'))
  writeFileSync(join(context, 'link/now'), 'a directory')
  writeFileSync(join(context, 'keep/a'), 'changed')
  assert.equal(
    await show(context, 'find . | sort && cat keep/b && stat -c %h keep/b'),
    '.\n./keep\n./keep/a\n./keep/b\n./link\n./link/now\n./tool\nchanged2\n',
  )
})

test('ignore files: the one of the Dockerfile comes first, ! brings back', async (t) => {
  const context = makeContext(t, {
    Dockerfile: 'FROM busybox\nCOPY . /c\nRUN find /c | sort\n',
    '.dockerignore': '**\n',
    'Dockerfile.dockerignore': '# comment\nskip\n!skip/but\nDockerfile*\n.*\n',
    'skip/me': '',
    'skip/but/not': '',
    kept: '',
  })
  const built = await engine().gantry(['build', '--no-cache', context])
  const lines = [...built.stderr.matchAll(/^#\d+ \d+\.\d{3} (.*)$/gm)].map(([, text]) => text)
  assert.deepEqual(lines, ['/c', '/c/kept', '/c/skip', '/c/skip/but', '/c/skip/but/not'])
})

test('sockets and FIFOs stay out; symbolic links are never followed', async (t) => {
  const context = makeContext(t, { file: 'x' })
  await run('mkfifo', [join(context, 'fifo')])
  await run('python3', [
    '-c',
    `import socket; socket.socket(socket.AF_UNIX).bind("${context}/sock")`,
  ])
  symlinkSync('/etc', join(context, 'outside'))
  symlinkSync('loop', join(context, 'loop'))
  assert.equal(
    await show(context, 'find . | sort && readlink outside && readlink loop'),
    '.\n./file\n./loop\n./outside\n/etc\nloop\n',
  )
})

test('two builds of one context at once each see their own files', async (t) => {
  const context = makeContext(t, { file: 'first' })
  assert.equal(await show(context, 'cat file; echo'), 'first\n')
  const slow = engine().gantry(['build', '--no-cache', '--progress=plain', '-f', '-', context], {
    input: 'FROM busybox\nRUN sleep 1\nCOPY file /\nRUN cat /file; echo\n',
  })
  await untilBusy()
  writeFileSync(join(context, 'file'), 'second, longer')
  assert.equal(await show(context, 'cat file; echo'), 'second, longer\n')
  assert.match((await slow).stderr, /^#\d+ \d+\.\d{3} first$/m)
  assert.equal(await show(context, 'cat file; echo'), 'second, longer\n')
})

/** Waits until a build is under way. */
async function untilBusy(): Promise<void> {
  for (;;) {
    const builds = await engine().client.builds.list()
    if (builds.some(({ Status }) => Status === 'running')) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('an engine that died while files arrived starts over with the context', async (t) => {
  const context = makeContext(t, { file: 'one', big: '' })
  truncateSync(join(context, 'big'), 64 * 1024 * 1024)
  assert.equal(await show(context, 'cat file; echo'), 'one\n')
  const kept = join(engine().identity.dataRoot, 'build/contexts/kept')
  const before = readdirSync(kept).length
  writeFileSync(join(context, 'file'), 'two')
  truncateSync(join(context, 'big'), 65 * 1024 * 1024)
  const dying = engine().gantry(['build', '-q', '-f', '-', context], {
    input: 'FROM busybox\nCOPY file /\n',
  })
  const indexes = () =>
    readdirSync(kept).filter((name) => existsSync(join(kept, name, 'index.json'))).length
  while (indexes() === before) await new Promise((resolve) => setTimeout(resolve, 1))
  await engine().kill9()
  assert.notEqual((await dying).code, 0)
  await engine().restart()
  assert.equal(await show(context, 'cat file && stat -c " %s" big'), `two ${65 * 1024 * 1024}\n`)
})
