import assert from 'node:assert/strict'
import test from 'node:test'
import { parseDockerfile } from '#build/dockerfile/parse.ts'
import { lowerDockerfile } from '#build/graph/lower/dockerfile.ts'
import type { BuildOptions } from '#build/graph/options.ts'
import { planStages } from '#build/graph/plan.ts'
import { hostPlatform, parsePlatform } from '#oci/platform.ts'

const options: BuildOptions = {
  buildArgs: new Map(),
  contexts: new Set(),
  labels: {},
  buildPlatform: hostPlatform(),
  targetPlatform: hostPlatform(),
  uncachedStages: new Set(),
  network: 'default',
  ignorePatterns: [],
}

function namesOf(text: string, target?: string, more: Partial<BuildOptions> = {}): string[] {
  const dockerfile = parseDockerfile('Dockerfile', text)
  const asked = { ...options, ...more, ...(target === undefined ? {} : { target }) }
  const plan = planStages(dockerfile, asked)
  const resolved = () => assert.fail('no image is named')
  const { vertices } = lowerDockerfile({ dockerfile, plan, options: asked, resolved })
  return [...vertices.values()].map(({ name }) => name).filter((name) => name.startsWith('['))
}

test('steps are shown with the values of their variables, as BuildKit shows them', () => {
  const text = `FROM scratch AS one
ARG V=1
ENV D=/opt
run echo "v=$V" '$V' \\$V \${UNSET} $UNSET \${V:-x} \${V%} \${broken
WORKDIR $D/x
RUN <<EOT
first $V
second
EOT
`
  assert.deepEqual(namesOf(text), [
    `[one 2/4] RUN echo "v=1" '$V' \\$V \${UNSET} $UNSET 1 1 \${broken`,
    '[one 3/4] WORKDIR /opt/x',
    '[one 4/4] RUN <<EOT (first $V...)',
  ])
})

test('a stage is named when it has a name or is not the only one', () => {
  const step = 'WORKDIR /a\n'
  assert.deepEqual(namesOf(`FROM scratch\n${step}`), ['[2/2] WORKDIR /a'])
  assert.deepEqual(namesOf(`FROM scratch AS a\n${step}FROM scratch\nWORKDIR /b\n`, 'a'), [
    '[a 2/2] WORKDIR /a',
  ])
  assert.deepEqual(namesOf(`FROM scratch AS a\n${step}FROM scratch\nWORKDIR /b\n`), [
    '[stage-1 2/2] WORKDIR /b',
  ])
})

test('steps for several platforms are shown with theirs', () => {
  const more = { showsPlatforms: true, targetPlatform: parsePlatform('linux/arm64') }
  assert.deepEqual(namesOf('FROM scratch AS a\nWORKDIR /a\n', undefined, more), [
    '[linux/arm64 a 2/2] WORKDIR /a',
  ])
})
