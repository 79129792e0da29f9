/**
 * Golden cases of the Dockerfile language: `dockerfile/<case>/Dockerfile`, with what it
 * becomes beside it in `result.json`: the graph, the image config and the checks, or the error
 * with its excerpt. `node --test test/golden/dockerfile.test.ts` compares;
 * `GOLDEN_UPDATE=1` rewrites the results, to be reviewed as a diff.
 */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import test from 'node:test'
import { EngineError } from '#base/errors.ts'
import { lintFacts } from '#build/builder/lint-facts.ts'
import { parseDockerfile } from '#build/dockerfile/parse.ts'
import { lowerDockerfile } from '#build/graph/lower/dockerfile.ts'
import type { BuildOptions } from '#build/graph/options.ts'
import { planStages } from '#build/graph/plan.ts'
import type { BuildGraph } from '#build/graph/types.ts'
import { lintDockerfile } from '#build/lint/lint.ts'
import type { ImageConfig } from '#oci/descriptor.ts'
import { digestOf } from '#oci/digest.ts'
import { parseIgnoreFile } from '#oci/ignore.ts'

/** `options.json` of a case: what the command line would have said. */
interface CaseOptions {
  readonly target?: string
  readonly buildArgs?: Readonly<Record<string, string>>
  readonly contexts?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  readonly network?: 'default' | 'none' | 'host'
}

const amd64 = { os: 'linux', architecture: 'amd64' }

/** Base images of the cases: an ordinary one, and one with triggers. */
function baseConfig(reference: string): ImageConfig {
  const rootfs = { type: 'layers', diff_ids: [] } as const
  if (reference.startsWith('onbuild')) {
    return { ...amd64, rootfs, config: { OnBuild: ['COPY . /app', 'RUN make', 'ENV built=1'] } }
  }
  const config = {
    Env: ['PATH=/usr/bin:/bin', 'LANG=C.UTF-8'],
    Cmd: ['bash'],
    Labels: { vendor: 'base' },
  }
  return { ...amd64, rootfs, config, history: [{ created_by: 'base layer' }] }
}

function buildOptions(options: CaseOptions, ignorePatterns: readonly string[] = []): BuildOptions {
  return {
    ...(options.target !== undefined && { target: options.target }),
    buildArgs: new Map(Object.entries(options.buildArgs ?? {})),
    contexts: new Set(options.contexts),
    labels: options.labels ?? {},
    buildPlatform: amd64,
    targetPlatform: amd64,
    uncachedStages: new Set(),
    network: options.network ?? 'default',
    ignorePatterns,
  }
}

/** Vertices by number, so that a diff of a result shows what changed and not every digest after it. */
function readableGraph({ vertices, root, layers, config }: BuildGraph) {
  const numbers = new Map([...vertices.keys()].map((id, index) => [id, index]))
  return {
    vertices: [...vertices.values()].map(({ name, op, inputs }) => ({
      name,
      op,
      inputs: inputs.map((input) => numbers.get(input)),
    })),
    root: numbers.get(root),
    layers: layers.map((layer) => numbers.get(layer)),
    config,
  }
}

function resultOf(directory: string): unknown {
  const options: CaseOptions = existsSync(`${directory}/options.json`)
    ? JSON.parse(readFileSync(`${directory}/options.json`, 'utf8'))
    : {}
  const ignoreFile = `${directory}/.dockerignore`
  const ignored = existsSync(ignoreFile) ? parseIgnoreFile(readFileSync(ignoreFile, 'utf8')) : []
  try {
    const dockerfile = parseDockerfile(
      'Dockerfile',
      readFileSync(`${directory}/Dockerfile`, 'utf8'),
    )
    const plan = planStages(dockerfile, buildOptions(options))
    const { warnings } = lintDockerfile({
      dockerfile,
      facts: lintFacts({
        dockerfile,
        options: buildOptions(options, ignored),
        stages: plan.stages,
        configOf: ({ reference }) => baseConfig(reference),
        isReached: () => true,
      }),
    })
    const graph = lowerDockerfile({
      dockerfile,
      plan,
      options: buildOptions(options),
      resolved: ({ reference }) => ({
        op: { kind: 'image', reference, digest: digestOf(reference), platform: amd64 },
        config: baseConfig(reference),
      }),
    })
    return { warnings, ...readableGraph(graph) }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error
    return { error: error.message, excerpt: error.hint?.split('\n') ?? [] }
  }
}

const cases = globSync(`${import.meta.dirname}/dockerfile/*/Dockerfile`).toSorted()

test('there are golden cases', () => {
  assert.ok(cases.length >= 120, `only ${cases.length} cases were found`)
})

for (const file of cases) {
  const directory = file.slice(0, -'/Dockerfile'.length)
  test(`golden: ${directory.slice(directory.lastIndexOf('/') + 1)}`, () => {
    const text = `${JSON.stringify(resultOf(directory), null, 2)}\n`
    if (process.env['GOLDEN_UPDATE'] === '1') writeFileSync(`${directory}/result.json`, text)
    assert.equal(text, readFileSync(`${directory}/result.json`, 'utf8'))
  })
}
