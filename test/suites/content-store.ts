import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { errorKind } from '#base/errors.ts'
import { digestOf, type Digest } from '#oci/digest.ts'
import type { ContentStore, Leases } from '#store/types.ts'

export interface ContentSubject {
  readonly content: ContentStore
  readonly leases: Leases
}

type Open = (t: TestContext) => Promise<ContentSubject>

async function* chunked(bytes: Buffer, chunkBytes = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes)
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  return Buffer.concat(await Array.fromAsync(chunks)).toString()
}

const text = 'some content '.repeat(1000)
const bytes = Buffer.from(text)
const digest = digestOf(bytes)

/** What every content store does; `open` gives an empty one that ends with the test. */
export function contentStoreSuite(name: string, open: Open): void {
  ingestTests(name, open)
  failureTests(name, open)
  resumeTests(name, open)
}

function ingestTests(name: string, open: Open): void {
  test(`${name}: an ingested blob is found, read from any offset, listed and removed`, async (t) => {
    const { content, leases } = await open(t)
    await using lease = await leases.open('test')
    assert.equal(content.find(digest), undefined)
    const expected = { digest, sizeBytes: bytes.length }
    const made = await content.ingest({ lease, expected, source: () => chunked(bytes) })
    assert.equal(made, digest)
    assert.deepEqual(content.find(digest), { sizeBytes: bytes.length })
    assert.equal(await collect(content.read(digest)), text)
    assert.equal(await collect(content.read(digest, 5000)), text.slice(5000))
    assert.equal(Buffer.from(await content.readAll(digest)).toString(), text)
    assert.deepEqual([...content.list()], [{ digest, sizeBytes: bytes.length }])
    await content.remove(digest)
    await content.remove(digest)
    assert.equal(content.find(digest), undefined)
  })

  test(`${name}: bytes without an expected digest get theirs`, async (t) => {
    const { content, leases } = await open(t)
    await using lease = await leases.open('test')
    assert.equal(await content.ingest({ lease, source: () => chunked(bytes) }), digest)
  })

  test(`${name}: a missing blob is not_found`, async (t) => {
    const { content } = await open(t)
    const isMissing = (error: unknown) => errorKind(error) === 'not_found'
    assert.throws(() => content.path(digest), isMissing)
    await assert.rejects(collect(content.read(digest)), isMissing)
    await assert.rejects(content.readAll(digest), isMissing)
  })

  test(`${name}: readAll refuses more than its limit`, async (t) => {
    const { content, leases } = await open(t)
    await using lease = await leases.open('test')
    await content.ingest({ lease, source: () => chunked(bytes) })
    await assert.rejects(
      content.readAll(digest, 100),
      (error) => errorKind(error) === 'resource_exhausted',
    )
  })

  test(`${name}: concurrent ingests of one digest read one source, and each tee sees it all`, async (t) => {
    const { content, leases } = await open(t)
    await using lease = await leases.open('test')
    let sources = 0
    const ingest = async () => {
      let seen = ''
      const source = () => {
        sources++
        return chunked(bytes)
      }
      const tee = (chunk: Uint8Array) => void (seen += Buffer.from(chunk).toString())
      await content.ingest({ lease, expected: { digest }, source, tee })
      return seen
    }
    const seen = await Promise.all([ingest(), ingest(), ingest()])
    assert.deepEqual(seen, [text, text, text])
    assert.equal(sources, 1)
  })
}

function failureTests(name: string, open: Open): void {
  const wrong: Record<string, { digest: Digest; sizeBytes?: number }> = {
    digest: { digest: digestOf('other') },
    'too short': { digest, sizeBytes: bytes.length + 1 },
    'too long': { digest, sizeBytes: bytes.length - 1 },
  }
  for (const [what, expected] of Object.entries(wrong)) {
    test(`${name}: wrong bytes (${what}) are data_loss and leave nothing`, async (t) => {
      const { content, leases } = await open(t)
      await using lease = await leases.open('test')
      const ingest = content.ingest({ lease, expected, source: () => chunked(bytes), resume: true })
      await assert.rejects(ingest, (error) => errorKind(error) === 'data_loss')
      assert.deepEqual([...content.list()], [])
      assert.equal(content.find(expected.digest), undefined)
    })
  }

  test(`${name}: a failing tee fails the ingest with its own error`, async (t) => {
    const { content, leases } = await open(t)
    await using lease = await leases.open('test')
    const failure = new Error('cannot unpack')
    const tee = () => Promise.reject(failure)
    const ingest = content.ingest({
      lease,
      expected: { digest },
      source: () => chunked(bytes),
      tee,
    })
    await assert.rejects(ingest, failure)
    assert.equal(content.find(digest), undefined)
  })

  test(`${name}: an aborted ingest ends with the reason`, async (t) => {
    const { content, leases } = await open(t)
    await using lease = await leases.open('test')
    const controller = new AbortController()
    const source = async function* () {
      yield bytes.subarray(0, 10)
      controller.abort()
      yield bytes.subarray(10)
    }
    const ingest = content.ingest({ lease, expected: { digest }, source }, controller.signal)
    await assert.rejects(ingest, (error) => errorKind(error) === 'cancelled')
    assert.equal(content.find(digest), undefined)
  })
}

function resumeTests(name: string, open: Open): void {
  test(`${name}: an interrupted ingest goes on at its offset; tee sees every byte`, async (t) => {
    const { content, leases } = await open(t)
    await using lease = await leases.open('test')
    const big = Buffer.alloc(2_000_000, 'abcdefgh')
    const expected = { digest: digestOf(big), sizeBytes: big.length }
    const broken = async function* () {
      yield* chunked(big.subarray(0, 1_500_000), 100_000)
      throw new Error('connection lost')
    }
    const options = { lease, expected, resume: true }
    await assert.rejects(content.ingest({ ...options, source: broken }), /connection lost/)
    const offsets: number[] = []
    let teed = 0
    await content.ingest({
      ...options,
      source(offset) {
        offsets.push(offset)
        return chunked(big.subarray(offset), 100_000)
      },
      tee: (chunk) => void (teed += chunk.length),
    })
    assert.equal(offsets.length, 1)
    assert.ok((offsets[0] ?? 0) >= 1_000_000, `went on at ${offsets[0]}`)
    assert.equal(teed, big.length)
    assert.deepEqual(content.find(expected.digest), { sizeBytes: big.length })
  })
}
