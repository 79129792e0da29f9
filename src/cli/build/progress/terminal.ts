import { stripVTControlCharacters } from 'node:util'
import {
  createBuildModel,
  type BuildModel,
  overwritten,
  type ShownVertex,
} from '#cli/build/progress/model.ts'
import { formatStatus, secondsOf } from '#cli/build/progress/plain.ts'
import type { ProgressView } from '#cli/build/progress/view.ts'
import { cutToWidth, textWidth } from '#cli/terminal/text-width.ts'

export interface Screen {
  readonly write: (text: string) => void
  readonly columns: () => number
  readonly rows: () => number
}

/** Often enough to look alive, seldom enough to cost nothing. */
const drawMs = 120
/** Output lines of a running step that are shown. */
const outputLines = 6

/** Vertices with their times, redrawn in place; the last lines of what runs below it. */
export function createTerminalView({ write, columns, rows }: Screen): ProgressView {
  const model = createBuildModel()
  let drawn = 0
  let isChanged = true

  function draw(isLast: boolean): void {
    const width = Math.max(20, columns())
    const height = Math.max(4, (rows() || 24) - 2)
    const lines = drawModel(model, { width, isLast, ...(isLast ? {} : { height }) })
    const up = drawn > 0 ? `\u001b[${drawn}A` : ''
    write(`${up}\u001b[0J${lines.map((line) => `${line}\n`).join('')}`)
    drawn = lines.length
  }

  const timer = setInterval(() => {
    const isRunning = model.vertices.some(({ state }) => state === 'running')
    if (!isChanged && !isRunning) return
    isChanged = false
    draw(false)
  }, drawMs)
  return {
    model,
    take(event) {
      model.take(event)
      isChanged = true
    },
    finish() {
      clearInterval(timer)
      draw(true)
    },
  }
}

interface DrawOptions {
  readonly width: number
  /** Nothing runs any more: no output lines. */
  readonly isLast: boolean
  /** Lines that there is room for: what is done gives way to what runs. */
  readonly height?: number
}

/** The lines of one picture, each at most `width` wide. */
export function drawModel(model: BuildModel, options: DrawOptions): readonly string[] {
  const { isLast, height = Number.POSITIVE_INFINITY } = options
  const { vertices } = model
  const done = vertices.filter(({ state }) => state !== 'running').length
  const seconds = ((Date.now() - model.startedMs) / 1000).toFixed(1)
  const isOver = isLast && done === vertices.length
  const head = `[+] Building ${seconds}s (${done}/${vertices.length})${isOver ? ' FINISHED' : ''}`
  const pieces = vertices.map((vertex) => ({
    isRunning: vertex.state === 'running',
    lines: drawVertex(vertex, options),
  }))
  let excess = pieces.reduce((sum, { lines }) => sum + lines.length, 1) - height
  const shown = pieces.filter(({ isRunning, lines }) => {
    if (isRunning || excess <= 0) return true
    excess -= lines.length
    return false
  })
  const body = shown.flatMap(({ lines }) => lines)
  return [head, ...(Number.isFinite(height) ? body.slice(-(height - 1)) : body)]
}

function drawVertex(vertex: ShownVertex, { width, isLast }: DrawOptions): readonly string[] {
  const label = { running: '', cached: 'CACHED ', done: '', failed: 'ERROR ' }[vertex.state]
  const name = vertex.name.split('\n')[0] ?? ''
  const time = `${secondsOf(vertex).toFixed(1)}s`
  const lines = [aligned(` => ${label}${name}`, time, width)]
  if (vertex.state !== 'running' && !isLast) return lines
  for (const status of vertex.statuses.values()) {
    lines.push(aligned(` => => ${formatStatus(status)}`, time, width))
  }
  if (isLast) return lines
  const output = [...vertex.lines.map(({ text }) => text), overwritten(vertex.partial)]
  const shown = output.filter((text) => text.trim() !== '').slice(-outputLines)
  return [...lines, ...shown.map((text) => cutToWidth(` => => # ${plainText(text)}`, width))]
}

function aligned(text: string, time: string, width: number): string {
  const shown = cutToWidth(text, width - time.length - 1)
  return `${shown}${' '.repeat(Math.max(1, width - textWidth(shown) - time.length))}${time}`
}

/** Escape sequences of a step would move the picture about. */
function plainText(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll('\t', '    ')
    .replace(/\p{Cc}/gu, '')
}
