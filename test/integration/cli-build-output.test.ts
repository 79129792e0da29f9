import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { run } from '#test/support/commands.ts'
import { makeContext } from '#test/support/contexts.ts'
import { shareEngine } from '#test/support/engine.ts'
import { projectRoot } from '#test/support/paths.ts'

const engine = shareEngine()

const scratch = 'FROM scratch\nCOPY tree /\n'
const files = { Dockerfile: scratch, 'tree/a': 'content of a\n', 'tree/d/b': 'b' }

test('-o DIRECTORY writes the files of the target', async (t) => {
  const context = makeContext(t, files)
  const destination = join(makeContext(t, {}), 'out')
  const { code, stderr } = await engine().gantry(['build', '-o', destination, context])
  assert.equal(code, 0, stderr)
  assert.deepEqual(readdirSync(destination).toSorted(), ['a', 'd'])
  assert.equal(readFileSync(join(destination, 'a'), 'utf8'), 'content of a\n')
})

test('-o - is a tar on stdout, type=docker an archive that loads', async (t) => {
  const context = makeContext(t, files)
  const tar = await engine().gantry(['build', '-o', '-', context])
  assert.equal(tar.code, 0, tar.stderr)
  const listed = await run('tar', ['-t'], { input: tar.bytes })
  assert.match(listed.stdout, /^(?:\.\/)?a\n/m)
  const path = join(context, 'image.tar')
  const args = ['build', '-t', 'from-archive', '-o', `type=docker,dest=${path}`, context]
  const saved = await engine().gantry(args)
  assert.equal(saved.code, 0, saved.stderr)
  assert.ok(statSync(path).size > 0)
  const loaded = await engine().gantry(['load', '-i', path])
  assert.match(loaded.stdout, /Loaded image: from-archive:latest/)
})

test('tar=false unpacks a layout, compression= is kept by it; what no output knows is refused', async (t) => {
  const context = makeContext(t, files)
  const build = (output: string) => engine().gantry(['build', '-o', output, context])
  const layout = join(makeContext(t, {}), 'layout')
  const fields = 'compression=zstd,force-compression=true,annotation.k=v'
  const { code, stderr } = await build(`type=oci,tar=false,dest=${layout},${fields}`)
  assert.equal(code, 0, stderr)
  const read = (path: string) => JSON.parse(readFileSync(join(layout, path), 'utf8'))
  const [{ digest }] = read('index.json').manifests
  const manifest = read(`blobs/${digest.replace(':', '/')}`)
  assert.match(manifest.layers[0].mediaType, /\+zstd$/)
  assert.deepEqual(manifest.annotations, { k: 'v' })
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['type=image,colour=red', /unexpected key "colour"/],
    ['type=local,dest=x,compression=gzip', /unexpected key "compression"/],
    ['type=image,compression=estargz', /unsupported compression type "estargz"/],
    ['type=image,compression=gzip,compression-level=10', /gzip has 0 to 9/],
    ['type=image,push=perhaps', /invalid value "perhaps" of push/],
  ]
  for (const [output, expected] of wrong) {
    const refused = await build(output)
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, expected)
  }
})

test('an output that cannot be written fails the build', async (t) => {
  const context = makeContext(t, files)
  const args = ['build', '-o', `type=tar,dest=${context}/tree/a/x.tar`, context]
  const { code, stderr } = await engine().gantry(args)
  assert.equal(code, 1)
  assert.match(stderr, /ERROR: failed to build: failed to solve: write output to ".*x\.tar": /)
  const wrong = await engine().gantry(['build', '-o', 'type=nope', context])
  assert.match(wrong.stderr, /exporter "nope" could not be found/)
})

test('a client that is interrupted takes its build along', async (t) => {
  const context = makeContext(t, { Dockerfile: 'FROM busybox\nRUN echo up; sleep 600\n' })
  const args = [`${projectRoot}/src/cli/main.ts`, 'build', '--progress=plain', context]
  const child = spawn(process.execPath, args, {
    env: { ...process.env, DOCKER_HOST: engine().host },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let shown = ''
  for await (const chunk of child.stderr) {
    shown += String(chunk)
    if (/\d up\n/.test(shown)) break
  }
  child.kill('SIGINT')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  const since = performance.now()
  for (;;) {
    const [latest] = await engine().client.builds.list()
    if (latest?.Status === 'cancelled') break
    assert.ok(performance.now() - since < 10_000, `the build is ${latest?.Status}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
})
