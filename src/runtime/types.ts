/**
 * Container lifecycle on `conmon` and an OCI runtime.
 *
 * Life of a task: `create` writes the bundle, starts one conmon which runs
 * `crun create`: the init process exists and waits. Attachments are made now, so
 * that no byte is lost; `start` lets the init process go. conmon keeps the log,
 * the pty, stdin and the exit code from here on, with or without an engine:
 * `adopt` gives the same `Task` back to a new engine. `exited` settles when
 * conmon has written the exit file, that is after the last byte of output.
 * `remove` deletes the runtime's state, the cgroup and the bundle.
 */
import type { Instant } from '#base/clock.ts'
import type { RuntimeSpec } from '#oci/runtime-spec.ts'

export interface Runtime {
  /**
   * A container or exec will probably start within milliseconds: what the kernel lets its first
   * process wait for begins now, beside the preparations. Returns at once; never fails.
   */
  anticipate(): void
  /** @throws EngineError with the runtime's own message, cleaned ("exec: \"foo\": executable file not found in $PATH") */
  create(options: CreateTaskOptions, signal?: AbortSignal): Promise<Task>
  /**
   * Runs a container to its end without conmon: its output goes to `onOutput`, and it does not
   * outlive an abort by more than a moment. Nothing of it is left when this settles.
   * @throws EngineError as `create`, or the signal's reason
   */
  runOnce(options: RunOnceOptions, signal: AbortSignal): Promise<TaskExit>
  /** Takes a task of an earlier engine back; `exited` is already settled when it ended meanwhile. */
  adopt(options: AdoptTaskOptions): Promise<Task>
  /** Container ids for which the runtime or a conmon of ours still holds something (found in `execRoot`). */
  listIds(): Promise<readonly string[]>
  /** Ends and removes what is left of an id that no record owns. */
  removeStray(id: string): Promise<void>
  /** @throws EngineError invalid_argument "unknown or invalid runtime name: x" */
  checkName(name: string | undefined): void
  /** `crun --version` and `conmon --version`, for /version and /info. */
  versions(): Promise<{ readonly runtime: string; readonly conmon: string }>
  /** Lets go of every task without ending it: their `exited` never settle, nothing keeps the loop alive. */
  close(): void
}

export interface CreateTaskOptions {
  readonly containerId: string
  readonly spec: RuntimeSpec
  /** Name of a configured runtime (`crun`, `runc`, `--add-runtime`); default when absent. */
  readonly runtime?: string
  /** Where conmon writes the log: `<path>`; absent for the `none` driver. */
  readonly logPath?: string
  readonly isTerminal: boolean
  /** Keep stdin open for attachments (`OpenStdin`). */
  readonly hasStdin: boolean
  /** stdin closes when the first attachment that held it half-closes (`StdinOnce`). */
  readonly closesStdinOnce: boolean
  readonly consoleSize?: TerminalSize
}

export interface RunOnceOptions {
  readonly containerId: string
  readonly spec: RuntimeSpec
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Uint8Array) => void
}

export interface AdoptTaskOptions {
  readonly containerId: string
  readonly runtime?: string
  readonly isTerminal: boolean
  readonly hasStdin: boolean
}

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

export interface TaskExit {
  /** 0–255; 128+N for a signal. */
  readonly code: number
  readonly finishedAt: Instant
  readonly isOomKilled: boolean
}

export interface Task {
  readonly containerId: string
  /** Init process, in the host's pid namespace. */
  readonly pid: number
  readonly conmonPid: number
  /** Never rejects. */
  readonly exited: Promise<TaskExit>
  start(signal?: AbortSignal): Promise<void>
  /** @throws EngineError failed_precondition when it is no longer running */
  kill(signalNumber: number): Promise<void>
  pause(): Promise<void>
  resume(): Promise<void>
  resize(size: TerminalSize): Promise<void>
  /**
   * One more attachment; sees output from now on. `holdsStdin` (default true) says
   * whether the end of this attachment is the end of stdin under `closesStdinOnce`.
   */
  attach(options?: { readonly holdsStdin?: boolean }): Promise<TaskStdio>
  /** Settles when no attachment has output left that its reader has not taken. Never rejects. */
  outputTaken(): Promise<void>
  exec(options: ExecOptions, signal?: AbortSignal): Promise<ExecProcess>
  /** Tells conmon that its log file was renamed (rotation). */
  reopenLog(): Promise<void>
  pids(): Promise<readonly number[]>
  /** Deletes the runtime's state and the bundle; ends what still runs. Idempotent. */
  remove(): Promise<void>
}

/**
 * One attachment to a task's or exec's stdio. `output` carries stdcopy frames
 * without a terminal and raw bytes with one, as Docker's stream does.
 */
export interface TaskStdio extends AsyncDisposable {
  readonly output: AsyncIterable<Uint8Array>
  /** Resolves when the bytes are accepted (backpressure). Bytes after the process ended are dropped. */
  write(chunk: Uint8Array): Promise<void>
  /** Half-close: end of the process's stdin. */
  closeStdin(): Promise<void>
}

export interface ExecOptions {
  readonly execId: string
  readonly args: readonly string[]
  readonly env: readonly string[]
  readonly cwd: string
  readonly user: ExecUser
  readonly isTerminal: boolean
  readonly hasStdin: boolean
  /** No stdio kept; the process survives the engine. */
  readonly isDetached: boolean
  readonly isPrivileged: boolean
  readonly consoleSize?: TerminalSize
}

export interface ExecUser {
  readonly uid: number
  readonly gid: number
  readonly additionalGids: readonly number[]
}

export interface ExecProcess {
  readonly pid: number
  readonly stdio: TaskStdio | undefined
  readonly exited: Promise<{ readonly code: number }>
  resize(size: TerminalSize): Promise<void>
}

/**
 * One record of a container's log: a place in a buffer that was read from it.
 * `recordBytes` and `recordTime` (logs/record.ts) look there; `encodeRecords`
 * turns whole batches into a stream. All records of a stream, joined, are exactly
 * what was written to it: the newline belongs to the record that ends a line.
 */
export interface LogRecord {
  readonly stream: 'stdout' | 'stderr'
  /** It goes on where the stream's previous record left a line unfinished. */
  readonly isContinuation: boolean
  readonly source: Buffer
  /** Where the record's timestamp begins. */
  readonly timeAt: number
  /** Its bytes: from `start` up to `end`. */
  readonly start: number
  readonly end: number
}

export interface ReadLogsOptions {
  /** The current file; rotated ones are `<path>.1`, `<path>.2`, … (higher is older). */
  readonly logPath: string
  readonly stdout: boolean
  readonly stderr: boolean
  readonly since?: Instant
  readonly until?: Instant
  /** Number of lines from the end; all when absent. */
  readonly tail?: number
  /** Goes on until this settles (the task's exit) and the file is read to its end. */
  readonly follow?: Promise<unknown>
}
