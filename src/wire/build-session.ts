/**
 * One connection for one `gantry build`: `POST /gantry/build` turned into a byte stream
 * of frames both ways. Closing it cancels the build.
 *
 * A frame is 8 bytes, channel and length as big-endian 32-bit numbers, and its
 * payload. Channel 0 carries JSON messages; the others carry bytes, and an empty
 * frame ends them. The client opens odd channels (a context's archive), the
 * engine even ones (an output, an ssh connection).
 */
import { EngineError } from '#base/errors.ts'
import type { BuildEventBody, BuildSpecBody, WarningBody } from '#wire/build.ts'

/** `[type, path, mode, size, mtime in nanoseconds, link target]` */
export type ContextEntryBody = readonly [
  type: 'f' | 'd' | 'l' | 'h',
  path: string,
  mode: number,
  size: number,
  mtime: string,
  link?: string,
]

export type ClientMessage =
  | { readonly type: 'build'; readonly spec: BuildSpecBody }
  /** A part of the list of a local context; the last one says so. */
  | {
      readonly type: 'entries'
      readonly context: string
      readonly entries: readonly ContextEntryBody[]
      readonly isLast: boolean
    }
  /** The archive that the engine asked for follows on this channel. */
  | { readonly type: 'archive'; readonly context: string; readonly channel: number }
  /** The agent could not be reached. */
  | { readonly type: 'ssh-failed'; readonly channel: number; readonly message: string }
  /** Where an output goes could not be written. */
  | { readonly type: 'output-failed'; readonly channel: number; readonly message: string }
  | { readonly type: 'output-done'; readonly channel: number }

export type EngineMessage =
  /** Positions in the list of entries whose content is wanted. */
  | {
      readonly type: 'needed'
      readonly context: string
      readonly positions: readonly number[]
    }
  | { readonly type: 'received'; readonly context: string }
  | { readonly type: 'event'; readonly event: BuildEventBody }
  | { readonly type: 'output'; readonly index: number; readonly channel: number }
  | { readonly type: 'ssh'; readonly id: string; readonly channel: number }
  | { readonly type: 'built'; readonly outcome: BuiltBody }
  | {
      readonly type: 'inspected'
      readonly outcome: InspectedBody
    }
  | {
      readonly type: 'failed'
      readonly message: string
      readonly kind: string
      readonly hint?: string
    }

export type InspectedBody =
  | {
      readonly call: 'check'
      readonly warnings: readonly WarningBody[]
      readonly isError: boolean
      /** What would fail a build before its first step. */
      readonly failure?: { readonly message: string; readonly excerpt?: string }
    }
  | { readonly call: 'outline'; readonly outline: OutlineBody }
  | { readonly call: 'targets'; readonly targets: readonly TargetBody[] }

export interface OutlineBody {
  readonly name?: string
  readonly description?: string
  readonly args: readonly {
    readonly name: string
    readonly description?: string
    readonly value?: string
  }[]
  readonly secrets: readonly { readonly id: string; readonly isRequired: boolean }[]
  readonly ssh: readonly { readonly id: string; readonly isRequired: boolean }[]
}

export interface TargetBody {
  readonly name: string
  readonly base: string
  readonly description?: string
  readonly isDefault: boolean
}

export interface BuiltBody {
  readonly buildId: string
  readonly imageId?: string
  readonly descriptor?: string
  readonly metadata: Readonly<Record<string, unknown>>
}

export interface Frame {
  readonly channel: number
  readonly payload: Uint8Array
}

const headerBytes = 8
/** No sender makes longer ones: data in 64 KiB pieces, lists in parts. */
const maxPayloadBytes = 16 * 1024 * 1024
export const messageChannel = 0

export function encodeFrame(channel: number, payload: Uint8Array): Uint8Array {
  const frame = Buffer.allocUnsafe(headerBytes + payload.length)
  frame.writeUInt32BE(channel, 0)
  frame.writeUInt32BE(payload.length, 4)
  frame.set(payload, headerBytes)
  return frame
}

export function encodeMessage(message: ClientMessage | EngineMessage): Uint8Array {
  return encodeFrame(messageChannel, Buffer.from(JSON.stringify(message)))
}

/** Cuts a byte stream into frames. @throws EngineError invalid_argument for one that is too long or cut short */
export async function* decodeFrames(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let held: Uint8Array[] = []
  let heldBytes = 0
  let neededBytes = headerBytes
  for await (const chunk of chunks) {
    held.push(chunk)
    heldBytes += chunk.length
    // Put together once per frame, not once per chunk.
    while (heldBytes >= neededBytes) {
      const [only] = held
      const bytes = held.length === 1 && only ? only : Buffer.concat(held)
      const frame = firstFrame(bytes)
      const rest = 'payload' in frame ? bytes.subarray(headerBytes + frame.payload.length) : bytes
      held = rest.length === 0 ? [] : [rest]
      heldBytes = rest.length
      neededBytes = 'payload' in frame ? headerBytes : frame.frameBytes
      if ('payload' in frame) yield frame
    }
  }
  if (heldBytes > 0) throw new EngineError('invalid_argument', 'build session: cut short')
}

/** The frame that `bytes` begin with, or how many bytes it has when they are not all there. */
function firstFrame(bytes: Uint8Array): Frame | { readonly frameBytes: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, headerBytes)
  const length = view.getUint32(4)
  if (length > maxPayloadBytes) {
    throw new EngineError('invalid_argument', `build session: a frame of ${length} bytes`)
  }
  if (bytes.length < headerBytes + length) return { frameBytes: headerBytes + length }
  return { channel: view.getUint32(0), payload: bytes.subarray(headerBytes, headerBytes + length) }
}
