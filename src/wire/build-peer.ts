import { EngineError } from '#base/errors.ts'
import {
  type ClientMessage,
  decodeFrames,
  encodeFrame,
  encodeMessage,
  type EngineMessage,
  messageChannel,
} from '#wire/build-session.ts'

/** The byte stream of a session, as the client's hijack and the engine's both are. */
export interface PeerStream {
  readonly input: AsyncIterable<Uint8Array>
  write(chunk: Uint8Array): Promise<void>
}

/** A byte stream within the session, both ways. */
export interface PeerChannel {
  readonly number: number
  /** Iterate once. Leaving it drops what still comes. */
  readonly input: AsyncIterable<Uint8Array>
  write(chunk: Uint8Array): Promise<void>
  /** Nothing more goes out; what comes in goes on. */
  end(): Promise<void>
}

/** One side of a build session. Reading starts at once; a slow consumer slows the other side down. */
export interface Peer<Received, Sent> {
  readonly messages: AsyncIterable<Received>
  send(message: Sent): Promise<void>
  /** A channel of a number that this side has not used yet. */
  open(): PeerChannel
  /** The channel of that number, opened by the other side. */
  channel(number: number): PeerChannel
}

export function openEnginePeer(stream: PeerStream): Peer<ClientMessage, EngineMessage> {
  return openPeer<ClientMessage, EngineMessage>(stream, 2)
}

export function openClientPeer(stream: PeerStream): Peer<EngineMessage, ClientMessage> {
  return openPeer<EngineMessage, ClientMessage>(stream, 1)
}

/** Pieces that channel data is sent in. */
const pieceBytes = 256 * 1024

function openPeer<Received, Sent extends ClientMessage | EngineMessage>(
  stream: PeerStream,
  firstChannel: number,
): Peer<Received, Sent> {
  const messages = createInbox<Received>(() => 0)
  const inboxes = new Map<number, Inbox<Uint8Array>>()
  let nextChannel = firstChannel
  /** Why no channel gets anything any more. */
  let over: unknown

  function inboxOf(number: number): Inbox<Uint8Array> {
    const known = inboxes.get(number)
    if (known) return known
    const inbox = createInbox<Uint8Array>((chunk) => chunk.length)
    inboxes.set(number, inbox)
    if (over !== undefined) inbox.end(over)
    return inbox
  }

  async function read(): Promise<void> {
    for await (const { channel: number, payload } of decodeFrames(stream.input)) {
      if (number === messageChannel) await messages.put(parseMessage(payload))
      else if (payload.length === 0) inboxOf(number).end()
      else await inboxOf(number).put(payload)
    }
  }

  function finish(error?: unknown): void {
    messages.end(error)
    over = error ?? new EngineError('cancelled', 'build session: the connection ended')
    for (const inbox of inboxes.values()) inbox.end(over)
  }

  function channel(number: number): PeerChannel {
    return {
      number,
      input: inboxOf(number).items,
      async write(chunk) {
        for (let at = 0; at < chunk.length; at += pieceBytes) {
          await stream.write(encodeFrame(number, chunk.subarray(at, at + pieceBytes)))
        }
      },
      end: () => stream.write(encodeFrame(number, new Uint8Array(0))),
    }
  }

  read().then(() => finish(), finish)
  return {
    messages: messages.items,
    send: (message) => stream.write(encodeMessage(message)),
    channel,
    open() {
      const number = nextChannel
      nextChannel += 2
      return channel(number)
    },
  }
}

function parseMessage<Received>(payload: Uint8Array): Received {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8'))
  } catch (error) {
    throw new EngineError('invalid_argument', 'build session: a message is no JSON', {
      cause: error,
    })
  }
}

interface Inbox<T> {
  readonly items: AsyncIterable<T>
  /** Waits while too much is held. */
  put(item: T): Promise<void>
  /** An end after an end does nothing. */
  end(error?: unknown): void
}

const maxHeldBytes = 1024 * 1024

function createInbox<T>(sizeOf: (item: T) => number): Inbox<T> {
  let held: T[] = []
  let heldBytes = 0
  let ended: { readonly error: unknown } | undefined
  let isAbandoned = false
  let arrival: PromiseWithResolvers<void> | undefined
  let room: PromiseWithResolvers<void> | undefined

  function release(): void {
    room?.resolve()
    room = undefined
  }

  async function* items(): AsyncGenerator<T> {
    try {
      for (;;) {
        const batch = held
        held = []
        heldBytes = 0
        release()
        yield* batch
        if (held.length > 0) continue
        if (ended?.error !== undefined) throw ended.error
        if (ended) return
        arrival = Promise.withResolvers<void>()
        await arrival.promise
        arrival = undefined
      }
    } finally {
      isAbandoned = true
      held = []
      release()
    }
  }

  return {
    items: items(),
    async put(item) {
      if (isAbandoned || ended) return
      held.push(item)
      heldBytes += sizeOf(item)
      arrival?.resolve()
      if (heldBytes > maxHeldBytes) await (room ??= Promise.withResolvers<void>()).promise
    },
    end(error) {
      ended ??= { error }
      arrival?.resolve()
      release()
    },
  }
}
