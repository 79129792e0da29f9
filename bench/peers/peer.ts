import { runOk } from '#test/support/commands.ts'
import type { CommandResult } from '#test/support/commands.ts'
import type { Daemon } from '#bench/peers/daemon.ts'

/** One container engine whose command line takes Docker's commands and flags. */
export interface Peer {
  readonly name: string
  readonly version: string
  /** The program, and the arguments that come before every command. */
  readonly cli: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Everything it keeps lies here; its processes carry the path in their arguments. */
  readonly root: string
  /** Where it serves Docker's API. */
  readonly socketPath: string
  /** In the order in which they are ended. */
  readonly daemons: readonly Daemon[]
  /** Whether the commands need these daemons; Podman's run without. */
  readonly hasResidentEngine: boolean
  /** Removes running containers at once, as Docker's `rm -f` does. */
  readonly removeCommand: readonly string[]
}

/** Runs one command of the peer; throws when it fails. */
export function command(peer: Peer, args: readonly string[]): Promise<CommandResult> {
  const [program = '', ...prefix] = peer.cli
  return runOk(program, [...prefix, ...args], { env: peer.env, timeoutMs: 600_000 })
}

/** Removes every container, running ones too. */
export async function removeContainers(peer: Peer): Promise<void> {
  const { stdout } = await command(peer, ['ps', '-aq'])
  const ids = stdout.split('\n').filter((line) => line !== '')
  if (ids.length > 0) await command(peer, [...peer.removeCommand, ...ids])
}

export async function stopPeer(peer: Peer): Promise<void> {
  await removeContainers(peer)
  for (const daemon of peer.daemons) await daemon.end()
}
