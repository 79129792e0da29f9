import { createBuildModel } from '#cli/build/progress/model.ts'
import type { ProgressView } from '#cli/build/progress/view.ts'
import type { BuildEventBody, VertexBody } from '#wire/build.ts'

/** `--progress=rawjson`: each event as one of BuildKit's SolveStatus objects. */
export function createRawView(write: (text: string) => void): ProgressView {
  const model = createBuildModel()
  return {
    model,
    take(event) {
      model.take(event)
      write(`${JSON.stringify(toSolveStatus(event))}\n`)
    },
    finish: () => undefined,
  }
}

function toSolveStatus(event: BuildEventBody): object {
  switch (event.type) {
    case 'vertex-started':
      return { vertexes: [{ ...vertexOf(event.vertex), started: timeOf(event.at) }] }
    case 'vertex-cached': {
      const at = timeOf(event.at)
      return { vertexes: [{ ...vertexOf(event.vertex), started: at, completed: at, cached: true }] }
    }
    case 'vertex-completed':
      return { vertexes: [{ ...vertexOf(event.vertex), completed: timeOf(event.at) }] }
    case 'vertex-failed': {
      const { message, at } = event
      return { vertexes: [{ ...vertexOf(event.vertex), completed: timeOf(at), error: message }] }
    }
    case 'vertex-output': {
      const stream = event.stream === 'stdout' ? 1 : 2
      const timestamp = new Date().toISOString()
      return { logs: [{ vertex: event.id, stream, data: event.bytes, timestamp }] }
    }
    case 'vertex-status': {
      const { id, text, currentBytes, totalBytes = 0 } = event.status
      const status = { id, vertex: event.id, name: text, current: currentBytes, total: totalBytes }
      return { statuses: [{ ...status, timestamp: new Date().toISOString() }] }
    }
    case 'warning': {
      const { rule, message, range } = event.warning
      return { warnings: [{ level: 1, short: `${rule}: ${message}`, range: [range] }] }
    }
  }
}

function vertexOf({ id, name, inputs }: VertexBody) {
  return { digest: id, name, inputs }
}

function timeOf(nanos: string): string {
  return new Date(Number(BigInt(nanos) / 1_000_000n)).toISOString()
}
