import { EngineError } from '#base/errors.ts'
import type { ContextEntry } from '#build/transfer/types.ts'
import type { Peer } from '#wire/build-peer.ts'
import type { ClientMessage, ContextEntryBody, EngineMessage } from '#wire/build-session.ts'

export type EnginePeer = Peer<ClientMessage, EngineMessage>

/** What the client told after its first message, to be waited for by what it is about. */
export interface SessionInbox {
  /** Aborts when the client sends nothing more. */
  readonly ended: AbortSignal
  entries(context: string): Promise<readonly ContextEntry[]>
  /** The channel of a context's archive. */
  archive(context: string): Promise<number>
  /** Settles when the client has written an output. @throws EngineError with the client's complaint */
  written(channel: number): Promise<void>
  /** Settles with the complaint when the client cannot serve an ssh connection. */
  sshFailed(channel: number): Promise<string>
}

/** Sorts messages until the client is gone; whoever waits then, fails. */
export function createSessionInbox(messages: AsyncIterator<ClientMessage>): SessionInbox {
  const lists = createMailbox<readonly ContextEntry[]>()
  const archives = createMailbox<number>()
  const outputs = createMailbox<string | undefined>()
  const sshFailures = createMailbox<string>()
  const boxes = [lists, archives, outputs, sshFailures]
  const parts = new Map<string, ContextEntry[]>()

  function take(message: ClientMessage): void {
    switch (message.type) {
      case 'build':
        throw new EngineError('invalid_argument', 'build session: one build per session')
      case 'entries': {
        const list = parts.get(message.context) ?? []
        parts.set(message.context, list)
        for (const body of message.entries) list.push(toEntry(body))
        if (message.isLast) lists.put(message.context, list)
        return
      }
      case 'archive':
        return archives.put(message.context, message.channel)
      case 'output-done':
        return outputs.put(String(message.channel), undefined)
      case 'output-failed':
        return outputs.put(String(message.channel), message.message)
      case 'ssh-failed':
        return sshFailures.put(String(message.channel), message.message)
    }
  }

  async function sort(): Promise<void> {
    for (let next = await messages.next(); !next.done; next = await messages.next()) {
      take(next.value)
    }
    throw new EngineError('cancelled', 'build session: the client is gone')
  }

  const ended = new AbortController()
  sort().catch((error: unknown) => {
    ended.abort(error)
    for (const box of boxes) box.fail(error)
  })
  return {
    ended: ended.signal,
    entries: (context) => lists.take(context),
    archive: (context) => archives.take(context),
    sshFailed: (channel) => sshFailures.take(String(channel)),
    async written(channel) {
      const complaint = await outputs.take(String(channel))
      if (complaint !== undefined) throw new EngineError('failed_precondition', complaint)
    },
  }
}

const entryTypes = { f: 'file', d: 'directory', l: 'symlink', h: 'hardlink' } as const
const nanosPerSecond = 1_000_000_000n

function toEntry([letter, path, mode, sizeBytes, mtime, linkPath]: ContextEntryBody): ContextEntry {
  const type = entryTypes[letter]
  const isWhole = typeof path === 'string' && Number.isInteger(mode) && sizeBytes >= 0
  if (type === undefined || !isWhole || !/^-?\d+$/.test(mtime)) {
    throw new EngineError('invalid_argument', `build session: malformed entry "${path}"`)
  }
  const nanos = BigInt(mtime)
  const nanoseconds = ((nanos % nanosPerSecond) + nanosPerSecond) % nanosPerSecond
  const seconds = (nanos - nanoseconds) / nanosPerSecond
  return {
    type,
    path,
    mode: mode & 0o7777,
    sizeBytes,
    mtime: { seconds: Number(seconds), nanoseconds: Number(nanoseconds) },
    ...(linkPath === undefined ? {} : { linkPath }),
  }
}

interface Mailbox<T> {
  put(name: string, value: T): void
  take(name: string): Promise<T>
  fail(error: unknown): void
}

function createMailbox<T>(): Mailbox<T> {
  const slots = new Map<string, PromiseWithResolvers<T>>()
  let failure: { readonly error: unknown } | undefined
  const slot = (name: string) => {
    const known = slots.get(name)
    if (known) return known
    const made = Promise.withResolvers<T>()
    made.promise.catch(() => undefined)
    slots.set(name, made)
    if (failure) made.reject(failure.error)
    return made
  }
  return {
    put: (name, value) => slot(name).resolve(value),
    take: (name) => slot(name).promise,
    fail(error) {
      failure = { error }
      for (const { reject } of slots.values()) reject(error)
    },
  }
}
