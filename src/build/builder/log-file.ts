/** What a build says, as plain progress in a file: one numbered group of lines per vertex. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { millisOf, type Instant } from '#base/clock.ts'
import { errorMessage } from '#base/errors.ts'
import type { Logger } from '#base/log.ts'
import type { BuildEvent } from '#build/types.ts'

export interface BuildLog extends Disposable {
  write(event: BuildEvent): void
}

/** A step that prints without end must not fill the disk. */
const maxLogBytes = 16 * 1024 * 1024

/** A build does not fail for its log's sake: what cannot be written, on a full disk, is left out. */
export function openBuildLog(path: string, log: Logger): BuildLog {
  const fd = openSync(path, 'w', 0o600)
  const numbers = new Map<string, number>()
  const started = new Map<string, Instant>()
  let written = 0
  let isBroken = false
  const line = (id: string, text: string) => {
    if (isBroken || written > maxLogBytes) return
    const number = numbers.get(id) ?? numbers.size + 1
    numbers.set(id, number)
    try {
      written += writeSync(fd, `#${number} ${text}\n`)
    } catch (error) {
      isBroken = true
      log.warn({ path, reason: errorMessage(error) }, 'build log ends early')
    }
  }
  return {
    write(event) {
      switch (event.type) {
        case 'vertex-started':
          started.set(event.vertex.id, event.at)
          return line(event.vertex.id, event.vertex.name)
        case 'vertex-cached':
          line(event.vertex.id, event.vertex.name)
          return line(event.vertex.id, 'CACHED')
        case 'vertex-output':
          for (const text of Buffer.from(event.chunk).toString().trimEnd().split('\n')) {
            line(event.id, text)
          }
          return
        case 'vertex-completed':
          return line(event.vertex.id, `DONE ${seconds(started.get(event.vertex.id), event.at)}`)
        case 'vertex-failed':
          return line(event.vertex.id, `ERROR: ${event.message}`)
        case 'vertex-status':
        case 'warning':
      }
    },
    [Symbol.dispose]: () => closeSync(fd),
  }
}

function seconds(from: Instant | undefined, to: Instant): string {
  const ms = from === undefined ? 0 : millisOf(to) - millisOf(from)
  return `${(ms / 1000).toFixed(1)}s`
}
