import assert from 'node:assert/strict'
import test from 'node:test'
import { abortable, sleep } from '#base/async.ts'
import { EngineError } from '#base/errors.ts'
import { createGraphBuilder, type GraphBuilder } from '#build/graph/builder.ts'
import type { Op, Vertex, VertexId } from '#build/graph/types.ts'
import { createSolver } from '#build/solver/solve.ts'
import type {
  CacheKey,
  CacheRecord,
  CacheStore,
  Executor,
  SolveEvent,
} from '#build/solver/types.ts'
import { digestOf } from '#oci/digest.ts'

/** A result is the text that the step produced; a step's op text decides what it makes of its inputs. */
interface FakeResult {
  readonly text: string
}

interface Fake {
  readonly executor: Executor<FakeResult>
  /** Names of vertices in the order they ran. */
  readonly ran: string[]
  readonly most: () => number
}

type Behaviour = (vertex: Vertex, inputs: readonly string[], signal: AbortSignal) => Promise<string>

function createFake(behaviour: Behaviour, files: Readonly<Record<string, string>> = {}): Fake {
  const ran: string[] = []
  let running = 0
  let most = 0
  const executor: Executor<FakeResult> = {
    inputUse: (vertex, index) => {
      if (vertex.op.kind !== 'copy') return { use: 'whole' }
      if (index === 1) return { use: 'selection' }
      return { use: vertex.op.isLink ? 'none' : 'whole' }
    },
    sourceKey: async (vertex) => (vertex.op.kind === 'image' ? vertex.op.digest : undefined),
    selectionDigest: async (vertex) => {
      const sources = vertex.op.kind === 'copy' ? vertex.op.sources : []
      return digestOf(sources.map((source) => files[source] ?? '').join())
    },
    identity: async ({ text }) => digestOf(text),
    run: async (vertex, inputs, { signal, onOutput }) => {
      ran.push(vertex.name)
      onOutput('stdout', Buffer.from(`output of ${vertex.name}`))
      most = Math.max(most, ++running)
      try {
        const texts = inputs.map(({ text }) => text)
        return { text: await behaviour(vertex, texts, signal) }
      } finally {
        running--
      }
    },
    load: async (stored) => ({ text: stored }),
    store: ({ text }) => (text === 'context' ? undefined : text),
  }
  return { executor, ran, most: () => most }
}

function createMemoryCache(): CacheStore {
  const records = new Map<CacheKey, CacheRecord>()
  return {
    find: (key) => records.get(key),
    put: (keys, record) => {
      for (const key of keys) records.set(key, record)
    },
  }
}

const concatenate: Behaviour = async (vertex, inputs) => {
  if (vertex.op.kind === 'context') return 'context'
  return [...inputs, vertex.name].join('>')
}

function image(graph: GraphBuilder, name: string): VertexId {
  const platform = { os: 'linux', architecture: 'amd64' }
  return graph.add({ kind: 'image', reference: name, digest: digestOf(name), platform }, [], {
    name,
  })
}

function exec(command: string): Op {
  return {
    kind: 'exec',
    args: [command],
    env: [],
    cwd: '/',
    user: '',
    mounts: [],
    network: 'default',
    security: 'sandbox',
    platform: { os: 'linux', architecture: 'amd64' },
  }
}

function run(graph: GraphBuilder, name: string, input: VertexId): VertexId {
  return graph.add(exec(name), [input], { name })
}

function copy(
  graph: GraphBuilder,
  source: string,
  [root, from]: readonly [VertexId, VertexId],
): VertexId {
  const op: Op = {
    kind: 'copy',
    sources: [source],
    destination: '/',
    excludes: [],
    keepsParents: false,
    unpacks: false,
    isLink: false,
  }
  return graph.add(op, [root, from], { name: `copy ${source}` })
}

interface Setup {
  readonly fake: Fake
  readonly cache?: CacheStore
  readonly parallelism?: number
}

function solve(graph: GraphBuilder, targets: readonly VertexId[], setup: Setup) {
  const events: SolveEvent[] = []
  const { fake, cache = createMemoryCache(), parallelism = 4 } = setup
  const solver = createSolver<FakeResult>({ cache, parallelism })
  const request = {
    executor: fake.executor,
    vertices: graph.vertices,
    targets,
    onEvent: (event: SolveEvent) => void events.push(event),
  }
  return { events, results: solver.solve(request, new AbortController().signal) }
}

test('equal vertices are one, and run once however many stages need them', async () => {
  const graph = createGraphBuilder()
  const base = image(graph, 'base')
  const left = run(graph, 'left', run(graph, 'shared', base))
  const right = run(graph, 'right', run(graph, 'shared', base))
  const fake = createFake(concatenate)
  const [a, b] = await solve(graph, [left, right], { fake }).results
  assert.deepEqual([a?.text, b?.text], ['base>shared>left', 'base>shared>right'])
  assert.deepEqual(fake.ran.toSorted(), ['base', 'left', 'right', 'shared'])
})

test('vertices that no target needs do not run', async () => {
  const graph = createGraphBuilder()
  const base = image(graph, 'base')
  run(graph, 'unused', base)
  const fake = createFake(concatenate)
  await solve(graph, [run(graph, 'used', base)], { fake }).results
  assert.deepEqual(fake.ran, ['base', 'used'])
})

test('a second build takes everything from the cache', async () => {
  const cache = createMemoryCache()
  const fake = createFake(concatenate)
  for (const expected of [3, 3]) {
    const graph = createGraphBuilder()
    const target = run(graph, 'two', run(graph, 'one', image(graph, 'base')))
    const { results, events } = solve(graph, [target], { fake, cache })
    assert.deepEqual(await results, [{ text: 'base>one>two' }])
    assert.equal(fake.ran.length, expected)
    if (events.some(({ type }) => type === 'cached')) {
      assert.deepEqual(
        events.map(({ type }) => type),
        ['cached', 'cached', 'cached'],
      )
    }
  }
})

test('only the files that a copy selects count, and what follows a change runs again', async () => {
  const cache = createMemoryCache()
  const build = async (files: Readonly<Record<string, string>>) => {
    const graph = createGraphBuilder()
    const context = graph.add({ kind: 'context', name: 'context' }, [], { name: 'context' })
    const first = copy(graph, 'package.json', [image(graph, 'base'), context])
    const installed = run(graph, 'install', first)
    const fake = createFake(async (vertex, inputs, signal) => {
      const copied = vertex.op.kind === 'copy' ? (files[vertex.op.sources[0] ?? ''] ?? '') : ''
      return (await concatenate(vertex, inputs, signal)) + copied
    }, files)
    await solve(graph, [copy(graph, 'main.ts', [installed, context])], { fake, cache }).results
    return fake.ran.filter((name) => name !== 'context')
  }
  assert.equal((await build({ 'package.json': '1', 'main.ts': '1' })).length, 4)
  assert.deepEqual(await build({ 'package.json': '1', 'main.ts': '2' }), ['copy main.ts'])
  assert.deepEqual(await build({ 'package.json': '2', 'main.ts': '2' }), [
    'copy package.json',
    'install',
    'copy main.ts',
  ])
})

test('a step rebuilt to the same content lets what follows hit', async () => {
  const cache = createMemoryCache()
  const always: Behaviour = async (vertex, inputs) => {
    if (vertex.name.startsWith('generate')) return 'same output'
    return concatenate(vertex, inputs, new AbortController().signal)
  }
  const build = async (version: number) => {
    const graph = createGraphBuilder()
    const fake = createFake(always)
    const generated = run(graph, `generate ${version}`, image(graph, 'base'))
    await solve(graph, [run(graph, 'compile', generated)], { fake, cache }).results
    return fake.ran
  }
  assert.deepEqual(await build(1), ['base', 'generate 1', 'compile'])
  assert.deepEqual(await build(2), ['generate 2'])
  assert.deepEqual(await build(2), [])
})

test('--no-cache runs a cached step again', async () => {
  const cache = createMemoryCache()
  const fake = createFake(concatenate)
  for (const ignoresCache of [false, true]) {
    const graph = createGraphBuilder()
    const step = graph.add(exec('step'), [image(graph, 'base')], { name: 'step', ignoresCache })
    await solve(graph, [step], { fake, cache }).results
  }
  assert.deepEqual(fake.ran, ['base', 'step', 'step'])
})

test('independent steps run side by side, within the bound', async () => {
  const graph = createGraphBuilder()
  const base = image(graph, 'base')
  const targets = ['a', 'b', 'c', 'd'].map((name) => run(graph, name, base))
  const fake = createFake(async (vertex, inputs, signal) => {
    await sleep(5, signal)
    return concatenate(vertex, inputs, signal)
  })
  await solve(graph, targets, { fake, parallelism: 2 }).results
  assert.equal(fake.most(), 2)
})

test('two concurrent builds of one graph run each vertex once', async () => {
  const fake = createFake(async (vertex, inputs, signal) => {
    await sleep(2, signal)
    return concatenate(vertex, inputs, signal)
  })
  const solver = createSolver<FakeResult>({ cache: createMemoryCache(), parallelism: 4 })
  const build = () => {
    const graph = createGraphBuilder()
    const target = run(graph, 'two', run(graph, 'one', image(graph, 'base')))
    const request = { vertices: graph.vertices, targets: [target], onEvent: () => undefined }
    return solver.solve({ executor: fake.executor, ...request }, new AbortController().signal)
  }
  assert.deepEqual(await Promise.all([build(), build()]), [
    [{ text: 'base>one>two' }],
    [{ text: 'base>one>two' }],
  ])
  assert.deepEqual(fake.ran, ['base', 'one', 'two'])
})

test('a failing step fails the build after the steps beside it have stopped', async () => {
  const graph = createGraphBuilder()
  const base = image(graph, 'base')
  const stopped: string[] = []
  const fake = createFake(async (vertex, inputs, signal) => {
    if (vertex.name === 'fails') throw new EngineError('failed_precondition', 'exit code: 1')
    if (vertex.name === 'long') {
      await sleep(60_000, signal).finally(() => stopped.push(vertex.name))
    }
    return concatenate(vertex, inputs, signal)
  })
  const { results, events } = solve(graph, [run(graph, 'long', base), run(graph, 'fails', base)], {
    fake,
  })
  await assert.rejects(results, { message: 'exit code: 1' })
  assert.deepEqual(stopped, ['long'])
  assert.ok(events.some((event) => event.type === 'failed' && event.vertex.name === 'fails'))
})

test('a build that joins a running step hears all that it says', async () => {
  const release = Promise.withResolvers<void>()
  const fake = createFake(async (vertex, inputs, signal) => {
    if (vertex.name === 'slow') await abortable(release.promise, signal)
    return concatenate(vertex, inputs, signal)
  })
  const solver = createSolver<FakeResult>({ cache: createMemoryCache(), parallelism: 4 })
  const build = () => {
    const graph = createGraphBuilder()
    const events: SolveEvent[] = []
    const target = run(graph, 'slow', image(graph, 'base'))
    const onEvent = (event: SolveEvent) => void events.push(event)
    const request = { vertices: graph.vertices, targets: [target], onEvent }
    const done = solver.solve({ executor: fake.executor, ...request }, new AbortController().signal)
    return { done, events }
  }
  const first = build()
  while (!fake.ran.includes('slow')) await sleep(1)
  const second = build()
  while (!second.events.some((event) => event.type === 'output')) await sleep(1)
  release.resolve()
  await Promise.all([first.done, second.done])
  const said = second.events.flatMap((event) =>
    event.type === 'output' ? [Buffer.from(event.chunk).toString()] : [],
  )
  assert.deepEqual(said, ['output of slow'])
})

test('a cancelled build leaves the work that another build still waits for', async () => {
  const release = Promise.withResolvers<void>()
  const fake = createFake(async (vertex, inputs, signal) => {
    if (vertex.name === 'slow') await abortable(release.promise, signal)
    return concatenate(vertex, inputs, signal)
  })
  const solver = createSolver<FakeResult>({ cache: createMemoryCache(), parallelism: 4 })
  const build = (signal: AbortSignal) => {
    const graph = createGraphBuilder()
    const target = run(graph, 'slow', image(graph, 'base'))
    const request = { vertices: graph.vertices, targets: [target], onEvent: () => undefined }
    return solver.solve({ executor: fake.executor, ...request }, signal)
  }
  const abort = new AbortController()
  const cancelled = build(abort.signal)
  const kept = build(new AbortController().signal)
  while (!fake.ran.includes('slow')) await sleep(1)
  abort.abort(new EngineError('cancelled', 'the client has gone'))
  await assert.rejects(cancelled, { message: 'the client has gone' })
  release.resolve()
  assert.deepEqual(await kept, [{ text: 'base>slow' }])
  assert.deepEqual(fake.ran, ['base', 'slow'])
})
