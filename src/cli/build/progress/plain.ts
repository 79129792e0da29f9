import { createBuildModel, type ShownStatus, type ShownVertex } from '#cli/build/progress/model.ts'
import type { ProgressView } from '#cli/build/progress/view.ts'
import { formatSize } from '#cli/format/units.ts'
import type { BuildEventBody } from '#wire/build.ts'

/** One line per thing that happens, numbered by vertex, as BuildKit's plain progress. */
export function createPlainView(write: (text: string) => void): ProgressView {
  const model = createBuildModel()
  const shownStatuses = new Set<string>()
  let current: ShownVertex | undefined

  function enter(vertex: ShownVertex): void {
    if (current === vertex) return
    if (current?.state === 'running') write(`#${current.number} ...\n`)
    write(`${current ? '\n' : ''}#${vertex.number} ${vertex.name}\n`)
    current = vertex
  }

  function showLines(vertex: ShownVertex): void {
    if (vertex.fresh.length === 0) return
    enter(vertex)
    const lines = vertex.fresh.map(
      ({ seconds, text }) => `#${vertex.number} ${seconds.toFixed(3)} ${text}\n`,
    )
    write(lines.join(''))
  }

  /** A transfer is told once, when it is complete. */
  function showStatus(vertex: ShownVertex, status: ShownStatus): void {
    const isComplete = status.totalBytes === undefined || status.currentBytes >= status.totalBytes
    const key = `${vertex.id} ${status.id} ${status.text}`
    if (!isComplete || shownStatuses.has(key)) return
    shownStatuses.add(key)
    enter(vertex)
    write(`#${vertex.number} ${formatStatus(status)} done\n`)
  }

  function showEnd(vertex: ShownVertex): void {
    if (vertex.endedMs === undefined) return enter(vertex)
    enter(vertex)
    write(`#${vertex.number} ${endText(vertex)}\n`)
  }

  return {
    model,
    take(event: BuildEventBody) {
      const vertex = model.take(event)
      if (!vertex) return
      showLines(vertex)
      if (event.type === 'vertex-status') showStatus(vertex, event.status)
      else if (event.type !== 'vertex-output') showEnd(vertex)
    },
    finish: () => undefined,
  }
}

function endText(vertex: ShownVertex): string {
  switch (vertex.state) {
    case 'cached':
      return 'CACHED'
    case 'failed':
      return `ERROR: ${vertex.error ?? ''}`
    case 'running':
    case 'done':
      return `DONE ${secondsOf(vertex).toFixed(1)}s`
  }
}

export function secondsOf({ startedMs, endedMs = Date.now() }: ShownVertex): number {
  return Math.max(0, endedMs - startedMs) / 1000
}

/** `transferring context: 1.2MB / 3MB` */
export function formatStatus({ text, currentBytes, totalBytes }: ShownStatus): string {
  if (totalBytes === undefined && currentBytes === 0) return text
  const done = formatSize(currentBytes, 3)
  const isPart = totalBytes !== undefined && currentBytes < totalBytes
  return `${text} ${isPart ? `${done} / ${formatSize(totalBytes, 3)}` : done}`
}
