/** The client's side of a build session: sends contexts, shows events, writes outputs. */
import { EngineError, errorMessage, type ErrorKind, errorKinds } from '#base/errors.ts'
import { archiveEntries } from '#cli/build/archive.ts'
import { writeOutput } from '#cli/build/outputs.ts'
import type { ProgressView } from '#cli/build/progress/view.ts'
import type { BuildPlan } from '#cli/build/spec.ts'
import { forwardToAgent } from '#cli/build/ssh.ts'
import { createTransfer } from '#cli/build/transfer.ts'
import type { WalkedContext } from '#cli/build/walk.ts'
import type { BuildConnection } from '#client/build.ts'
import type { BuiltBody, EngineMessage, InspectedBody } from '#wire/build-session.ts'

export type SessionOutcome =
  | { readonly type: 'built'; readonly outcome: BuiltBody }
  | { readonly type: 'inspected'; readonly outcome: InspectedBody }

interface Session {
  readonly connection: BuildConnection
  readonly plan: BuildPlan
  readonly view: ProgressView
  readonly walked: ReadonlyMap<string, WalkedContext>
  /** Fails the session; what runs beside the messages calls it. */
  readonly fail: (error: unknown) => void
}

/** @throws EngineError of the engine, its hint an excerpt of the Dockerfile where there is one */
export async function runSession(
  connection: BuildConnection,
  plan: BuildPlan,
  view: ProgressView,
): Promise<SessionOutcome> {
  const { promise: failed, reject } = Promise.withResolvers<never>()
  failed.catch(() => undefined)
  const { content } = plan.source
  const walked = new Map<string, WalkedContext>()
  if (content.kind === 'walked') walked.set('context', content.walked)
  for (const named of plan.named) if (named.walked) walked.set(named.name, named.walked)
  const session: Session = { connection, plan, view, walked, fail: reject }
  const { peer } = connection
  await peer.send({ type: 'build', spec: plan.spec })
  const sending = async () => {
    for (const [name, context] of walked) await sendList(session, name, context)
    if (content.kind === 'stream') await sendStream(session, content.archive)
  }
  sending().catch(reject)
  return Promise.race([failed, receive(session)])
}

const entriesAtOnce = 4000

async function sendList(
  { connection }: Session,
  context: string,
  { entries }: WalkedContext,
): Promise<void> {
  for (let at = 0; at === 0 || at < entries.length; at += entriesAtOnce) {
    const part = entries.slice(at, at + entriesAtOnce)
    const isLast = at + entriesAtOnce >= entries.length
    await connection.peer.send({ type: 'entries', context, entries: part, isLast })
  }
}

async function sendStream(
  { connection, view }: Session,
  archive: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { peer } = connection
  const transfer = createTransfer(view, { name: 'context' })
  const channel = peer.open()
  await peer.send({ type: 'archive', context: 'context', channel: channel.number })
  for await (const chunk of archive) {
    await channel.write(chunk)
    transfer.add(chunk.length)
  }
  await channel.end()
  transfer.end()
}

async function receive(session: Session): Promise<SessionOutcome> {
  for await (const message of session.connection.peer.messages) {
    const outcome = take(session, message)
    if (outcome) return outcome
  }
  throw new EngineError('unavailable', 'the engine ended the build session')
}

function take(session: Session, message: EngineMessage): SessionOutcome | undefined {
  const { view, fail } = session
  switch (message.type) {
    case 'event':
      view.take(message.event)
      return undefined
    case 'needed':
      sendNeeded(session, message).catch(fail)
      return undefined
    case 'received':
      return undefined
    case 'output':
      receiveOutput(session, message).catch(fail)
      return undefined
    case 'ssh':
      serveSsh(session, message).catch(fail)
      return undefined
    case 'built':
      return { type: 'built', outcome: message.outcome }
    case 'inspected':
      return message
    case 'failed':
      throw new EngineError(
        kindOf(message.kind),
        message.message,
        message.hint === undefined ? {} : { hint: message.hint },
      )
  }
}

function kindOf(text: string): ErrorKind {
  return errorKinds.find((kind) => kind === text) ?? 'internal'
}

async function sendNeeded(
  session: Session,
  message: Extract<EngineMessage, { type: 'needed' }>,
): Promise<void> {
  const { connection, view, walked } = session
  const { context: name, positions } = message
  const context = walked.get(name)
  if (!context) throw new EngineError('internal', `the engine asks for context "${name}"`)
  const totalBytes = positions.reduce((sum, at) => sum + (context.entries[at]?.[3] ?? 0), 0)
  const transfer = createTransfer(view, { name, totalBytes })
  if (positions.length > 0) {
    const channel = connection.peer.open()
    await connection.peer.send({ type: 'archive', context: name, channel: channel.number })
    for (const chunk of archiveEntries(context, positions)) {
      await channel.write(chunk)
      transfer.add(chunk.length)
    }
    await channel.end()
  }
  transfer.end()
}

async function receiveOutput(
  { connection, plan }: Session,
  { index, channel: number }: Extract<EngineMessage, { type: 'output' }>,
): Promise<void> {
  const output = plan.outputs[index]
  const { peer } = connection
  if (!output) throw new EngineError('internal', `the engine sends an output that is none`)
  try {
    await writeOutput(output, peer.channel(number).input)
    await peer.send({ type: 'output-done', channel: number })
  } catch (error) {
    await peer.send({ type: 'output-failed', channel: number, message: errorMessage(error) })
  }
}

async function serveSsh(
  { connection, plan }: Session,
  { id, channel: number }: Extract<EngineMessage, { type: 'ssh' }>,
): Promise<void> {
  const { peer } = connection
  const socket = plan.agents.get(id)
  try {
    if (socket === undefined) throw new EngineError('not_found', `no ssh agent "${id}"`)
    await forwardToAgent(socket, peer.channel(number))
  } catch (error) {
    await peer.send({ type: 'ssh-failed', channel: number, message: errorMessage(error) })
  }
}
