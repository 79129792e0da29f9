import assert from 'node:assert/strict'
import test from 'node:test'
import { instantFromNanos } from '#base/clock.ts'
import { parseDockerfile } from '#build/dockerfile/parse.ts'
import type { BuildEvent, VertexInfo } from '#build/types.ts'
import { createStepTexts } from '#api/build/classic-steps.ts'

const at = instantFromNanos(0n)

function stepsOf(text: string) {
  const { stages } = parseDockerfile('Dockerfile', text)
  return stages.flatMap(({ index, from, instructions }) =>
    [from, ...instructions].map((instruction) => ({ stage: index, instruction })),
  )
}

function vertex(letter: string, line: number): VertexInfo {
  const range = { start: { line, column: 1 }, end: { line, column: 1 } }
  return { id: `sha256:${letter.repeat(64)}`, name: letter, inputs: [], range }
}

function started(of: VertexInfo): BuildEvent {
  return { type: 'vertex-started', vertex: of, why: [], at }
}

function output(of: VertexInfo, text: string): BuildEvent {
  return { type: 'vertex-output', id: of.id, stream: 'stdout', chunk: Buffer.from(text) }
}

function completed(of: VertexInfo): BuildEvent {
  return { type: 'vertex-completed', vertex: of, at }
}

test('output of stages that run side by side is put into the order of the file', () => {
  const texts = createStepTexts(
    stepsOf('FROM a AS one\nRUN first\nFROM b\nRUN second\nCMD ["x"]\n'),
  )
  const first = vertex('1', 2)
  const second = vertex('2', 4)
  let shown = texts.begin()
  assert.equal(shown, 'Step 1/5 : FROM a AS one\n')
  for (const event of [started(second), output(second, 'of two\n'), completed(second)]) {
    const text = texts.take(event)
    assert.equal(text, '', 'nothing of the second step before the first')
  }
  for (const event of [started(first), output(first, 'of one\n'), completed(first)]) {
    shown += texts.take(event)
  }
  shown += texts.rest()
  assert.equal(
    shown.replace(/ ---> [0-9a-f]{12}\n/g, ' ---> ID\n'),
    [
      'Step 1/5 : FROM a AS one\n ---> ID\n',
      'Step 2/5 : RUN first\n ---> Running in 111111111111\nof one\n',
      ' ---> Removed intermediate container 111111111111\n ---> ID\n',
      'Step 3/5 : FROM b\n ---> ID\n',
      'Step 4/5 : RUN second\n ---> Running in 222222222222\nof two\n',
      ' ---> Removed intermediate container 222222222222\n ---> ID\n',
      'Step 5/5 : CMD ["x"]\n ---> ID\n',
    ].join(''),
  )
})

test('a character cut between two chunks stays whole', () => {
  const texts = createStepTexts(stepsOf('FROM a\nRUN x\n'))
  const run = vertex('a', 2)
  texts.begin()
  texts.take(started(run))
  const bytes = Buffer.from('é\n')
  const chunk = (from: number, to: number): BuildEvent => ({
    type: 'vertex-output',
    id: run.id,
    stream: 'stdout',
    chunk: bytes.subarray(from, to),
  })
  assert.equal(texts.take(chunk(0, 1)) + texts.take(chunk(1, 3)), 'é\n')
})
