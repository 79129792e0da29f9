import type { BuildSource } from '#cli/build/source.ts'
import type { ProgressView } from '#cli/build/progress/view.ts'
import { digestOf } from '#oci/digest.ts'

export interface Transfer {
  add(bytes: number): void
  end(): void
}

/** How often a transfer is told, in bytes. */
const stepBytes = 1024 * 1024

/** The vertex that shows a context on its way to the engine. */
export function createTransfer(
  view: ProgressView,
  { name, totalBytes }: { readonly name: string; readonly totalBytes?: number },
): Transfer {
  const isMain = name === 'context'
  const title = isMain ? '[internal] load build context' : `[context ${name}] load`
  const id = digestOf(title)
  const vertex = { id, name: title, inputs: [] }
  let sentBytes = 0
  let toldBytes = 0
  const tell = (isEnd: boolean) => {
    toldBytes = sentBytes
    // Headers and padding count as well, so that the sum would be more than the whole.
    const total = isEnd
      ? sentBytes
      : totalBytes === undefined
        ? undefined
        : Math.max(totalBytes, sentBytes + 1)
    const status = { id: 'transfer', text: 'transferring context:', currentBytes: sentBytes }
    if (total === undefined) return
    view.take({ type: 'vertex-status', id, status: { ...status, totalBytes: total } })
  }
  view.take({ type: 'vertex-started', vertex, why: [], at: nowText() })
  return {
    add(bytes) {
      sentBytes += bytes
      if (sentBytes - toldBytes >= stepBytes) tell(false)
    },
    end() {
      tell(true)
      view.take({ type: 'vertex-completed', vertex, at: nowText() })
    },
  }
}

/** BuildKit's word for no ignore file: the size of an empty list. */
const noIgnoreBytes = 2

/** Reading these files takes no time worth showing; that they were read, and their sizes, do. */
export function showDefinition(view: ProgressView, source: BuildSource): void {
  const { dockerfile, ignoreBytes = noIgnoreBytes, content } = source
  if (!dockerfile) return
  const bytes = Buffer.byteLength(dockerfile.text)
  showFile(view, `[internal] load build definition from ${dockerfile.name}`, {
    text: 'transferring dockerfile:',
    bytes,
  })
  if (content.kind !== 'walked') return
  showFile(view, '[internal] load .dockerignore', {
    text: 'transferring context:',
    bytes: ignoreBytes,
  })
}

function showFile(
  view: ProgressView,
  name: string,
  { text, bytes }: { readonly text: string; readonly bytes: number },
): void {
  const id = digestOf(name)
  const vertex = { id, name, inputs: [] }
  const status = { id: 'transfer', text, currentBytes: bytes }
  view.take({ type: 'vertex-started', vertex, why: [], at: nowText() })
  view.take({ type: 'vertex-status', id, status: { ...status, totalBytes: bytes } })
  view.take({ type: 'vertex-completed', vertex, at: nowText() })
}

function nowText(): string {
  return String(BigInt(Date.now()) * 1_000_000n)
}
