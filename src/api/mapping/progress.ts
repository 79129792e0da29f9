import type { ImageProgress } from '#image/types.ts'
import { toFailure } from '#api/status.ts'
import type { ProgressLine } from '#wire/images.ts'

/** Docker separates progress objects with CR LF. */
export function formatProgressLine(line: ProgressLine): string {
  return `${JSON.stringify(line)}\r\n`
}

export function toProgressLine(progress: ImageProgress): ProgressLine {
  switch (progress.type) {
    case 'status':
      return { status: progress.text, ...(progress.id === undefined ? {} : { id: progress.id }) }
    case 'transfer': {
      const total = progress.totalBytes === undefined ? {} : { total: progress.totalBytes }
      return {
        status: progress.action,
        progressDetail: { current: progress.currentBytes, ...total },
        id: progress.id,
      }
    }
    case 'stream':
      return { stream: progress.text }
    case 'aux':
      return { aux: progress.value }
  }
}

/** A failure after the first line: the status is out, so it goes in-band. */
export function toFailureLine(error: unknown): ProgressLine {
  const { message } = toFailure(error)
  return { errorDetail: { message }, error: message }
}
