import assert from 'node:assert/strict'
import test from 'node:test'
import { readAnnotation, readAnnotationField } from '#cli/build/annotations.ts'
import { readProvenance } from '#cli/build/attestations.ts'
import { parseFields } from '#cli/build/csv.ts'
import { createBuildModel } from '#cli/build/progress/model.ts'
import { createPlainView } from '#cli/build/progress/plain.ts'
import { drawModel } from '#cli/build/progress/terminal.ts'
import { explainBuild } from '#cli/build/why.ts'
import type { BuildEventBody, ReasonBody } from '#wire/build.ts'

const one = { id: 'a', name: '[1/2] RUN one', inputs: [] }
const two = { id: 'b', name: '[2/2] RUN two', inputs: ['a'] }
const at = '1000000000'

function output(id: string, text: string): BuildEventBody {
  const bytes = Buffer.from(text).toString('base64')
  return { type: 'vertex-output', id, stream: 'stdout', bytes }
}

test('plain progress says which vertex speaks when they take turns', () => {
  let text = ''
  const view = createPlainView((added) => (text += added))
  view.take({ type: 'vertex-started', vertex: one, why: [], at })
  view.take(output('a', 'first\nhal'))
  view.take({ type: 'vertex-started', vertex: two, why: [], at })
  view.take(output('a', 'f\n'))
  view.take({ type: 'vertex-completed', vertex: one, at })
  view.take({ type: 'vertex-failed', vertex: two, message: 'no', at })
  view.finish()
  assert.equal(
    text.replace(/\d+\.\d{3} /g, 'T '),
    [
      '#1 [1/2] RUN one\n#1 T first\n#1 ...\n\n',
      '#2 [2/2] RUN two\n#2 ...\n\n',
      '#1 [1/2] RUN one\n#1 T half\n#1 DONE 0.0s\n\n',
      '#2 [2/2] RUN two\n#2 ERROR: no\n',
    ].join(''),
  )
})

test('plain progress loses no line, however many come at once', () => {
  let text = ''
  const view = createPlainView((added) => (text += added))
  view.take({ type: 'vertex-started', vertex: one, why: [], at })
  const lines = Array.from({ length: 5000 }, (_, index) => `line ${index}`)
  view.take(output('a', `${lines.join('\n')}\n`))
  view.take({ type: 'vertex-completed', vertex: one, at })
  assert.deepEqual(
    [...text.matchAll(/^#1 \d+\.\d{3} (.*)$/gm)].map(([, line]) => line),
    lines,
  )
})

test('the picture has one line per vertex, and the last output of what runs', () => {
  const model = createBuildModel()
  model.take({ type: 'vertex-cached', vertex: one, at })
  model.take({ type: 'vertex-started', vertex: two, why: [], at })
  for (let line = 1; line <= 9; line++) model.take(output('b', `line ${line}\u001b[31m\n`))
  const lines = drawModel(model, { width: 40, isLast: false })
  assert.match(lines[0] ?? '', /^\[\+\] Building \d+\.\ds \(1\/2\)$/)
  assert.match(lines[1] ?? '', /^ => CACHED \[1\/2\] RUN one +0\.0s$/)
  assert.deepEqual(
    lines.slice(3),
    [4, 5, 6, 7, 8, 9].map((line) => ` => => # line ${line}`),
  )
  assert.ok(lines.every((line) => line.length <= 40))
})

test('a line that is overwritten shows its last state; what is done gives way to what runs', () => {
  const model = createBuildModel()
  model.take({ type: 'vertex-started', vertex: one, why: [], at })
  model.take(output('a', 'progress 1%\rprogress 2%\r'))
  for (let step = 0; step < 9; step++) {
    const vertex = { id: `done ${step}`, name: `[done] RUN ${step}`, inputs: [] }
    model.take({ type: 'vertex-cached', vertex, at })
  }
  const lines = drawModel(model, { width: 40, isLast: false, height: 5 })
  assert.deepEqual(
    lines.slice(1).map((line) => line.replace(/ +\d+\.\ds$/, '')),
    [
      ' => [1/2] RUN one',
      ' => => # progress 2%',
      ' => CACHED [done] RUN 7',
      ' => CACHED [done] RUN 8',
    ],
  )
})

test('--why says in the words of the Dockerfile what differs', () => {
  const model = createBuildModel()
  const base = { id: 'f', name: '[1/3] FROM docker.io/library/b:latest@sha256:new', inputs: [] }
  model.take({ type: 'vertex-cached', vertex: base, at })
  const explained = (why: ReasonBody) => {
    const vertex = { id: 'b', name: '[2/2] RUN two', inputs: ['a', 'f'] }
    model.take({ type: 'vertex-started', vertex, why: [why], at })
    return explainBuild(model).replace(/^Why:\n \[2\/2\] RUN two\n/, '')
  }
  model.take({ type: 'vertex-cached', vertex: one, at })
  assert.equal(
    explained({ kind: 'parent-changed', input: 0 }),
    '   the step before it changed: [1/2] RUN one\n',
  )
  assert.equal(
    explained({ kind: 'parent-changed', input: 0, was: '[1/2] RUN none' }),
    '   it builds on [1/2] RUN one, it was on [1/2] RUN none\n',
  )
  assert.equal(
    explained({ kind: 'parent-changed', input: 1, was: '[1/3] FROM x@sha256:old' }),
    '   the base image changed: it is docker.io/library/b:latest@sha256:new, it was x@sha256:old\n',
  )
  const changes = [
    { what: 'variable V', was: '1', is: '2' },
    { what: 'variable W', is: 'w' },
    { what: 'cwd', was: '/a' },
  ]
  assert.equal(
    explained({ kind: 'instruction-changed', changes }),
    [
      '   V changed: it was "1", it is "2"\n',
      '   W is new: "w"\n',
      '   the working directory is gone, it was "/a"\n',
    ].join(''),
  )
  const files = [
    { path: 'a', change: 'content' },
    { path: 'b', change: 'mode' },
    { path: 'c', change: 'added' },
    { path: '', change: 'owner' },
  ] as const
  assert.equal(
    explained({ kind: 'files-changed', input: 0, files, fileCount: 7 }),
    [
      '   a changed in [1/2] RUN one\n',
      '   b changed its mode in [1/2] RUN one\n',
      '   c was added in [1/2] RUN one\n',
      '   . changed its owner in [1/2] RUN one\n',
      '   and 3 more files\n',
    ].join(''),
  )
})

test('fields of a flag may be quoted', () => {
  assert.deepEqual(
    [...parseFields('type=local,"dest=a,b",Push')],
    [
      ['type', 'local'],
      ['dest', 'a,b'],
      ['push', ''],
    ],
  )
})

test('annotations name the places that they are for', () => {
  assert.deepEqual(readAnnotation('a.b=c=d'), [{ level: 'manifest', key: 'a.b', value: 'c=d' }])
  assert.deepEqual(readAnnotation('index,manifest[linux/arm64]:k=v'), [
    { level: 'index', key: 'k', value: 'v' },
    { level: 'manifest', platform: 'linux/arm64', key: 'k', value: 'v' },
  ])
  assert.deepEqual(readAnnotationField('annotation-manifest-descriptor.k', 'v'), {
    level: 'manifest-descriptor',
    key: 'k',
    value: 'v',
  })
  assert.equal(readAnnotationField('compression', 'zstd'), undefined)
  assert.throws(() => readAnnotation('k'), /expected key=value/)
  assert.throws(() => readAnnotation('no:k=v'), /unknown annotation type "no"/)
})

test('provenance is asked for in the forms of buildx', () => {
  const mode = (provenance: string, attest: readonly string[] = [], sbom = '') =>
    readProvenance({
      attest: { value: attest },
      provenance: { value: provenance },
      sbom: { value: sbom },
    })
  assert.deepEqual(
    ['', 'false', 'disabled=true'].map((text) => mode(text)),
    [undefined, undefined, undefined],
  )
  const min = ['true', 'min', 'mode=min', 'version=v1']
  assert.deepEqual(new Set(min.map((text) => mode(text))), new Set(['min']))
  assert.deepEqual(
    ['max', 'mode=max', 'mode=max,version=v1'].map((text) => mode(text)),
    ['max', 'max', 'max'],
  )
  assert.equal(mode('', ['type=provenance,mode=max']), 'max')
  assert.equal(mode('', ['type=sbom,disabled=true'], 'false'), undefined)
  assert.throws(() => mode('maximal'), /invalid provenance value: maximal/)
  assert.throws(() => mode('mode=most'), /invalid provenance value/)
  assert.throws(() => mode('', ['type=x']), /attestation type "x" is not known/)
  assert.throws(() => mode('', [], 'true'), /SBOM attestations are not made/)
})
