/**
 * `make bench`: the same work on Gantry and on every peer that is installed.
 * Arguments: names of works to do (all without any), `--peers=gantry,docker`, `--dockerd=PATH` for another
 * dockerd than the installed one (its containerd beside it), `--write` to put the table into docs/bench.md.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { projectRoot } from '#test/support/paths.ts'
import type { Figure } from '#bench/figure.ts'
import { removeCgroups } from '#bench/cleanup.ts'
import { loadBenchImage } from '#bench/images.ts'
import { namespaceRoot, prepareNamespace, rerunInNamespace } from '#bench/namespace.ts'
import { stopPeer } from '#bench/peers/peer.ts'
import type { Peer } from '#bench/peers/peer.ts'
import { startPeers } from '#bench/peers/start.ts'
import { formatMachine, formatTable } from '#bench/report.ts'
import { apiFigures } from '#bench/work/api.ts'
import { buildFigures } from '#bench/work/build.ts'
import { commandFigures } from '#bench/work/commands.ts'
import { floorFigures } from '#bench/work/floor.ts'
import { logFigures } from '#bench/work/logs.ts'
import { manyFigures } from '#bench/work/many.ts'
import { pullFigures } from '#bench/work/pull.ts'

type Work = (peers: readonly Peer[]) => Promise<Figure[]>

const works: Readonly<Record<string, Work>> = {
  many: manyFigures,
  commands: commandFigures,
  floor: floorFigures,
  api: apiFigures,
  pull: pullFigures,
  logs: logFigures,
  build: buildFigures,
}

interface Choice {
  readonly works: readonly string[]
  readonly peers: readonly string[]
  readonly dockerd: string
  readonly writes: boolean
}

function readChoice(): Choice {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      peers: { type: 'string', default: '' },
      dockerd: { type: 'string', default: 'dockerd' },
      write: { type: 'boolean', default: false },
    },
  })
  const unknown = positionals.filter((name) => !(name in works))
  if (unknown.length > 0)
    throw new Error(`no such work: ${unknown.join()} (${Object.keys(works).join()})`)
  return {
    works: positionals.length > 0 ? positionals : Object.keys(works),
    peers: values.peers.split(',').filter((name) => name !== ''),
    dockerd: values.dockerd,
    writes: values.write,
  }
}

async function bench(root: string, choice: Choice): Promise<void> {
  await prepareNamespace()
  const peers = await startPeers(root, { wanted: choice.peers, dockerd: choice.dockerd })
  try {
    await Promise.all(peers.map(loadBenchImage))
    const figures: Figure[] = []
    for (const name of choice.works) {
      process.stdout.write(`measuring: ${name}\n`)
      figures.push(...((await works[name]?.(peers)) ?? []))
    }
    const table = formatTable(figures, peers)
    process.stdout.write(`\n${table}\n\n${formatMachine(peers)}\n`)
    if (choice.writes) writeReport(`${table}\n\nMeasured on ${formatMachine(peers)}\n`)
  } finally {
    for (const peer of peers) await stopPeer(peer)
  }
}

function writeReport(text: string): void {
  const intro = `# Figures

Written by \`make bench BENCH=--write\`. Medians; every round measures all engines in turn.
A ratio below 1 means Gantry needs less, except for requests per second, where more is better.

`
  writeFileSync(`${projectRoot}/docs/bench.md`, intro + text)
}

/** The outer half: it outlives everything in the namespace and removes what is left of it. */
async function benchInNamespace(): Promise<number> {
  const root = mkdtempSync('/tmp/g-bench-')
  try {
    return rerunInNamespace(root)
  } finally {
    rmSync(root, { recursive: true, force: true })
    await removeCgroups()
  }
}

const choice = readChoice()
const root = namespaceRoot()
if (root === undefined) process.exitCode = await benchInNamespace()
else await bench(root, choice)
