import { cpus, release, totalmem } from 'node:os'
import { median } from '#bench/figure.ts'
import type { Figure } from '#bench/figure.ts'
import type { Peer } from '#bench/peers/peer.ts'

/** A Markdown table: medians by peer, and each peer's ratio to Gantry. */
export function formatTable(figures: readonly Figure[], peers: readonly Peer[]): string {
  const others = peers.filter(({ name }) => name !== 'gantry')
  const header = [
    'what',
    ...peers.map(({ name }) => name),
    ...others.map(({ name }) => `gantry / ${name}`),
  ]
  const rows = figures.map((figure) => {
    const medians = new Map(peers.map(({ name }) => [name, medianOf(figure, name)]))
    const own = medians.get('gantry')
    const ratios = others.map(({ name }) => formatRatio(own, medians.get(name)))
    return [
      `${figure.name}, ${figure.unit}`,
      ...peers.map(({ name }) => formatNumber(medians.get(name))),
      ...ratios,
    ]
  })
  return formatRows([header, ...rows])
}

function medianOf(figure: Figure, peer: string): number | undefined {
  return median(figure.values.get(peer) ?? [])
}

function formatNumber(value: number | undefined): string {
  if (value === undefined) return '–'
  return value >= 100 ? value.toFixed(0) : value.toFixed(1)
}

function formatRatio(own: number | undefined, other: number | undefined): string {
  return own === undefined || other === undefined || other === 0 ? '–' : (own / other).toFixed(2)
}

/** Aligned, so that it reads well on a terminal too. */
function formatRows(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (row: readonly string[]) => {
    const cells = row.map((cell, column) => {
      const width = widths?.[column] ?? 0
      return column === 0 ? cell.padEnd(width) : cell.padStart(width)
    })
    return `| ${cells.join(' | ')} |`
  }
  const rule = widths?.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  const [header = [], ...body] = rows
  return [line(header), line(rule ?? []), ...body.map(line)].join('\n')
}

/** What the figures were measured on. */
export function formatMachine(peers: readonly Peer[]): string {
  const processor = cpus()[0]?.model.trim() ?? 'unknown processor'
  const memory = `${(totalmem() / 1024 ** 3).toFixed(0)} GiB`
  const versions = peers.map(({ name, version }) => `${name} ${version}`).join('; ')
  return `${cpus().length} × ${processor}, ${memory}, Linux ${release()}. ${versions}.`
}
