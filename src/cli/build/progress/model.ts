/** Events of a build as numbered vertices with their output: what every view shows. */
import type { BuildEventBody, ReasonBody, VertexBody, WarningBody } from '#wire/build.ts'

export interface OutputLine {
  /** Since the vertex started. */
  readonly seconds: number
  readonly text: string
}

export type VertexState = 'running' | 'cached' | 'done' | 'failed'

export interface ShownVertex {
  readonly number: number
  readonly id: string
  readonly name: string
  readonly inputs: readonly string[]
  state: VertexState
  startedMs: number
  endedMs: number | undefined
  error: string | undefined
  why: readonly ReasonBody[]
  /** The last complete lines of output. */
  lines: readonly OutputLine[]
  /** Those that the latest event completed, however many. */
  fresh: readonly OutputLine[]
  /** The line that is not complete yet. */
  partial: string
  readonly decoder: TextDecoder
  readonly statuses: Map<string, ShownStatus>
}

export interface ShownStatus {
  readonly id: string
  readonly text: string
  readonly currentBytes: number
  readonly totalBytes?: number
}

export interface BuildModel {
  readonly vertices: readonly ShownVertex[]
  readonly warnings: readonly WarningBody[]
  readonly startedMs: number
  find(id: string): ShownVertex | undefined
  /** The vertex that changed; undefined for what concerns none, or is shown already. */
  take(event: BuildEventBody): ShownVertex | undefined
}

/** Output kept for each vertex: what a failure shows again. */
const keptLines = 100

export function createBuildModel(): BuildModel {
  const startedMs = Date.now()
  const vertices: ShownVertex[] = []
  const byId = new Map<string, ShownVertex>()
  const warnings: WarningBody[] = []

  function add(body: VertexBody, atMs: number): ShownVertex {
    const vertex: ShownVertex = {
      number: vertices.length + 1,
      id: body.id,
      name: body.name,
      inputs: body.inputs,
      state: 'running',
      startedMs: atMs,
      endedMs: undefined,
      error: undefined,
      why: [],
      lines: [],
      fresh: [],
      partial: '',
      decoder: new TextDecoder(),
      statuses: new Map(),
    }
    vertices.push(vertex)
    byId.set(vertex.id, vertex)
    return vertex
  }

  function take(event: BuildEventBody): ShownVertex | undefined {
    switch (event.type) {
      case 'warning':
        warnings.push(event.warning)
        return undefined
      case 'vertex-output': {
        const vertex = byId.get(event.id)
        if (vertex) addOutput(vertex, Buffer.from(event.bytes, 'base64'))
        return vertex
      }
      case 'vertex-status': {
        const vertex = byId.get(event.id)
        vertex?.statuses.set(event.status.id, event.status)
        if (vertex) vertex.fresh = []
        return vertex
      }
      default:
        return takeTransition(event)
    }
  }

  function takeTransition(event: TransitionEvent): ShownVertex | undefined {
    const atMs = Number(BigInt(event.at) / 1_000_000n)
    const known = byId.get(event.vertex.id)
    if (!known && hasTwin(vertices, event.vertex.name)) return undefined
    const vertex = known ?? add(event.vertex, atMs)
    applyTransition(vertex, event, atMs)
    return vertex
  }

  return { vertices, warnings, startedMs, take, find: (id) => byId.get(id) }
}

type TransitionEvent = Extract<BuildEventBody, { readonly vertex: VertexBody }>

/** The client shows its own side of loading the context; the engine's would say it twice. */
function hasTwin(vertices: readonly ShownVertex[], name: string): boolean {
  return name.startsWith('[internal]') && vertices.some((vertex) => vertex.name === name)
}

function applyTransition(vertex: ShownVertex, event: TransitionEvent, atMs: number): void {
  switch (event.type) {
    case 'vertex-started':
      vertex.state = 'running'
      vertex.startedMs = atMs
      vertex.endedMs = undefined
      vertex.why = event.why
      vertex.fresh = []
      return
    case 'vertex-cached':
      vertex.state = 'cached'
      break
    case 'vertex-completed':
      vertex.state = vertex.state === 'cached' ? 'cached' : 'done'
      break
    case 'vertex-failed':
      vertex.state = 'failed'
      vertex.error = event.message
      break
  }
  addLines(vertex, vertex.partial === '' ? [] : [vertex.partial], atMs)
  vertex.partial = ''
  vertex.endedMs = atMs
}

function addOutput(vertex: ShownVertex, bytes: Uint8Array): void {
  const text = vertex.partial + vertex.decoder.decode(bytes, { stream: true })
  const parts = text.split('\n')
  vertex.partial = parts.pop() ?? ''
  addLines(vertex, parts, Date.now())
}

/** What a carriage return overwrote was never meant to stay. */
export function overwritten(line: string): string {
  return line.replace(/\r+$/, '').replace(/^.*\r/s, '')
}

function addLines(vertex: ShownVertex, texts: readonly string[], atMs: number): void {
  const seconds = Math.max(0, atMs - vertex.startedMs) / 1000
  vertex.fresh = texts.map((text) => ({
    seconds,
    text: overwritten(text),
  }))
  vertex.lines = [...vertex.lines, ...vertex.fresh].slice(-keptLines)
}
