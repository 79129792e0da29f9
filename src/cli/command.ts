import type { Client } from '#client/client.ts'
import type { Connection } from '#cli/config/connection.ts'
import type { Settings } from '#cli/config/settings.ts'
import type { FlagSet } from '#cli/flags/flag-set.ts'
import type { Output } from '#cli/output.ts'

/** What a running command works with. */
export interface CommandContext {
  /** Opened at first use; the first request connects. */
  readonly client: Client
  readonly settings: Settings
  readonly output: Output
  /** Where the client connects. */
  readonly connection: Connection
}

/** Runs with the parsed flags; resolves with the exit code. */
export type CommandAction = (args: readonly string[], context: CommandContext) => Promise<number>

/** One command: each file under `commands/` exports one as `command`. */
export interface Command {
  /** What follows the name in the usage line: `[OPTIONS] CONTAINER [CONTAINER...]`. */
  readonly usage: string
  readonly args: { readonly min: number; readonly max?: number }
  /** False: flags end at the first argument. True unless told. */
  readonly isInterspersed?: boolean
  /** Exit code of a failure that the command did not map itself: 1 unless told. */
  readonly failureCode?: number
  /** What shell completion offers for arguments. */
  readonly completes?: Completes
  /** Declares the flags and returns what to do with their values. */
  declare(flags: FlagSet): CommandAction
}

export type Completes = 'containers' | 'running' | 'images' | 'volumes' | 'networks' | 'files'
