/** What a handler returns; the server turns it into bytes. */
export type Answer =
  | { readonly type: 'json'; readonly status: number; readonly value: unknown }
  /** JSON made by the handler itself. */
  | { readonly type: 'json-text'; readonly status: number; readonly text: string }
  | {
      readonly type: 'text'
      readonly status: number
      readonly text: string
      readonly headers: Readonly<Record<string, string>>
    }
  | { readonly type: 'empty'; readonly status: number }
  | StreamAnswer
  | HijackAnswer

/**
 * A chunked body. `now` sends status and headers before the first chunk exists;
 * `first-chunk` waits for it, so that a failure before it keeps its own status.
 */
export interface StreamAnswer {
  readonly type: 'stream'
  readonly contentType: string
  readonly flush: 'now' | 'first-chunk'
  readonly chunks: AsyncIterable<Uint8Array | string>
}

/** The connection becomes a raw byte stream; `run` owns it until it settles. */
export interface HijackAnswer {
  readonly type: 'hijack'
  readonly contentType: string
  readonly run: (connection: HijackedConnection) => Promise<void>
}

export interface HijackedConnection {
  /** What the client sends after the request; ends at its half-close. */
  readonly input: AsyncIterable<Uint8Array>
  /** Resolves when the kernel or the buffer has room again. @throws when the client is gone */
  write(chunk: Uint8Array): Promise<void>
  /** Aborts when the connection is gone in both directions. */
  readonly signal: AbortSignal
}

export function json(value: unknown, status = 200): Answer {
  return { type: 'json', status, value }
}

export function empty(status: number): Answer {
  return { type: 'empty', status }
}
