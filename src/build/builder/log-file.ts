/** What a build says, as plain progress in a file: one numbered group of lines per vertex. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { type Instant, millisOf, now } from '#base/clock.ts'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import type { BuildEvent, VertexInfo } from '#build/types.ts'

export interface BuildLog extends Disposable {
  write(event: BuildEvent): void
}

/** A step that prints without end must not fill the disk. */
const maxLogBytes = 16 * 1024 * 1024

/** A build does not fail for its log's sake: what cannot be written, on a full disk, is left out. */
export function openBuildLog(path: string, log: Logger): BuildLog {
  const fd = openSync(path, 'w', 0o600)
  const vertices = new Map<string, LoggedVertex>()
  let current: LoggedVertex | undefined
  let written = 0
  let isBroken = false

  /** Names it anew when it is cached or started again. */
  function begin({ id, name }: Pick<VertexInfo, 'id' | 'name'>, at: Instant): LoggedVertex {
    const number = vertices.get(id)?.number ?? vertices.size + 1
    const decoder = new TextDecoder()
    const vertex: LoggedVertex = { number, name, startedAt: at, partial: '', decoder }
    vertices.set(id, vertex)
    return vertex
  }

  function find(id: string): LoggedVertex {
    return vertices.get(id) ?? begin({ id, name: '' }, now())
  }

  /** A group of lines begins with the vertex's name. */
  function line(vertex: LoggedVertex, text: string): void {
    if (isBroken || written > maxLogBytes) return
    const isSame = current?.number === vertex.number
    const heading = isSame ? '' : `${current ? '\n' : ''}#${vertex.number} ${vertex.name}\n`
    current = vertex
    try {
      written += writeSync(fd, `${heading}#${vertex.number} ${text}\n`)
    } catch (error) {
      isBroken = true
      log.warn({ path, reason: errorMessage(error) }, 'build log ends early')
    }
  }

  function output(vertex: LoggedVertex, text: string): void {
    const parts = (vertex.partial + text).split('\n')
    vertex.partial = parts.pop() ?? ''
    const seconds = secondsSince(vertex.startedAt, now()).toFixed(3)
    for (const part of parts) line(vertex, `${seconds} ${part}`)
  }

  function end(vertex: LoggedVertex, text: string): void {
    if (vertex.partial !== '') output(vertex, '\n')
    line(vertex, text)
  }

  return {
    write(event) {
      switch (event.type) {
        case 'vertex-started':
          return void begin(event.vertex, event.at)
        case 'vertex-cached':
          return end(begin(event.vertex, event.at), 'CACHED')
        case 'vertex-output': {
          const vertex = find(event.id)
          return output(vertex, vertex.decoder.decode(event.chunk, { stream: true }))
        }
        case 'vertex-completed': {
          const vertex = find(event.vertex.id)
          return end(vertex, `DONE ${secondsSince(vertex.startedAt, event.at).toFixed(1)}s`)
        }
        case 'vertex-failed': {
          const { vertex, at, message } = event
          return end(vertices.get(vertex.id) ?? begin(vertex, at), `ERROR: ${message}`)
        }
        case 'vertex-status': {
          const { text, totalBytes } = event.status
          if (totalBytes === undefined) line(find(event.id), `${text} done`)
          return
        }
        case 'warning':
      }
    },
    [Symbol.dispose]: () => closeSync(fd),
  }
}

interface LoggedVertex {
  readonly number: number
  readonly name: string
  readonly startedAt: Instant
  /** The line that is not complete yet. */
  partial: string
  readonly decoder: TextDecoder
}

function secondsSince(from: Instant, to: Instant): number {
  return Math.max(0, millisOf(to) - millisOf(from)) / 1000
}
