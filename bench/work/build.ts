import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { measureRounds, median, timed } from '#bench/figure.ts'
import type { Figure } from '#bench/figure.ts'
import { benchImage } from '#bench/images.ts'
import { command } from '#bench/peers/peer.ts'
import type { Peer } from '#bench/peers/peer.ts'

const rounds = 3
const contextFiles = 300
const contextFileBytes = 1_000_000
const trivialSteps = 20

/** Builds as people repeat them all day. Nothing is fetched: the base is the bench's small image. */
export async function buildFigures(peers: readonly Peer[]): Promise<Figure[]> {
  const folder = mkdtempSync('/tmp/g-bench-build-')
  try {
    const stages = `${folder}/stages`
    const steps = `${folder}/steps`
    const context = `${folder}/context`
    writeStages(stages)
    writeSteps(steps)
    writeContext(context)
    const cold = await figure(peers, 'build, multi-stage, cold', (peer) =>
      timed(() => build(peer, stages, ['--no-cache'])),
    )
    const cached = await figure(peers, 'build, fully cached', (peer) =>
      timed(() => build(peer, stages)),
    )
    const changed = await figure(peers, 'build, one file changed', (peer) => {
      writeFileSync(`${stages}/src/main`, randomBytes(1000))
      return timed(() => build(peer, stages))
    })
    const many = await figure(peers, `build, ${trivialSteps} RUN steps`, (peer) =>
      timed(() => build(peer, steps, ['--no-cache'])),
    )
    return [cold, cached, changed, many, ...(await contextFigures(peers, context))]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The first build of a large context, and the next one after one of its files changed. */
async function contextFigures(peers: readonly Peer[], context: string): Promise<Figure[]> {
  const megabytes = Math.round((contextFiles * contextFileBytes) / 1e6)
  // Only the first time does an engine not know the files: one round, without a warm-up.
  const cold = await measureRounds(peers, {
    name: `build, ${megabytes} MB context, cold`,
    unit: 'ms',
    rounds: 1,
    measure: (peer) => timed(() => build(peer, context)),
  })
  const again = await figure(peers, `build, ${megabytes} MB context, one file changed`, (peer) => {
    writeFileSync(`${context}/data/7`, randomBytes(contextFileBytes))
    return timed(() => build(peer, context))
  })
  return [cold, again]
}

async function figure(
  peers: readonly Peer[],
  name: string,
  measure: (peer: Peer) => Promise<number>,
): Promise<Figure> {
  const measured = await measureRounds(peers, { name, unit: 'ms', rounds, measure })
  // Builds take long: each figure is shown when it is there.
  const texts = [...measured.values].map(
    ([peer, values]) => `${peer} ${median(values)?.toFixed(0)}`,
  )
  process.stdout.write(`${name}, ms: ${texts.join(', ')}\n`)
  return measured
}

/** Without a network: a step's own cost, and the same work for every peer. */
function build(peer: Peer, context: string, args: readonly string[] = []): Promise<unknown> {
  // Podman keeps the layers of its steps only when told to.
  const layers = peer.name === 'podman' ? ['--layers'] : []
  const common = ['build', '--network', 'none', '--quiet', '--tag', 'bench-build']
  return command(peer, [...common, ...layers, ...args, context])
}

function writeStages(folder: string): void {
  mkdirSync(`${folder}/src`, { recursive: true })
  for (let index = 0; index < 100; index++)
    writeFileSync(`${folder}/src/file-${index}`, `file ${index}\n`.repeat(100))
  writeFileSync(`${folder}/src/main`, 'main\n')
  const dockerfile = `FROM ${benchImage} AS tools
RUN mkdir /tools && seq 1 20000 >/tools/list
FROM ${benchImage} AS assets
RUN mkdir /assets && seq 1 50000 | gzip >/assets/packed
FROM ${benchImage} AS build
WORKDIR /src
COPY --from=tools /tools /tools
COPY src .
RUN cat file-* main | sort >/program
RUN sha256sum /program >/program.sum
FROM ${benchImage}
COPY --from=build /program /program.sum /app/
COPY --from=assets /assets /app/assets
CMD ["cat", "/app/program.sum"]
`
  writeFileSync(`${folder}/Dockerfile`, dockerfile)
}

function writeSteps(folder: string): void {
  mkdirSync(folder)
  const steps = Array.from({ length: trivialSteps }, (_, index) => `RUN echo ${index}`)
  writeFileSync(`${folder}/Dockerfile`, [`FROM ${benchImage}`, ...steps, ''].join('\n'))
}

function writeContext(folder: string): void {
  mkdirSync(`${folder}/data`, { recursive: true })
  for (let index = 0; index < contextFiles; index++)
    writeFileSync(`${folder}/data/${index}`, randomBytes(contextFileBytes))
  writeFileSync(`${folder}/Dockerfile`, `FROM ${benchImage}\nCOPY data /data\n`)
}
