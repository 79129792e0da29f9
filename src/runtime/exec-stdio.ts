/** The stdio of an exec: three pipes, or a pseudo-terminal that the runtime hands over. */
import { Socket } from 'node:net'
import { drained } from '#base/drain.ts'
import { EngineError } from '#base/errors.ts'
import { listenForDescriptor } from '#sys/fdpass.ts'
import { closeDescriptor } from '#sys/files.ts'
import { duplicateDescriptor, openPipe } from '#sys/pipe.ts'
import { adoptDescriptor } from '#sys/poller.ts'
import { type ChildProcess, openOutputPipe, openPipeReader } from '#sys/process.ts'
import type { ChildDescriptor } from '#sys/spawn.ts'
import { openTerminalPair, setWindowSize } from '#sys/tty.ts'
import { createExecOutput, type ExecOutput } from '#runtime/exec-output.ts'
import type { ExecOptions, TaskStdio, TerminalSize } from '#runtime/types.ts'

export interface ExecStreams {
  /** The runtime's descriptors 0, 1 and 2. */
  readonly childDescriptors: readonly ChildDescriptor[]
  readonly consoleSocket?: string
  /** After the start, whether it worked or not. */
  closeChildEnds(): void
  /** Once the process runs. */
  connect(child: ChildProcess): Promise<ConnectedStdio>
  /** Instead of `connect`, when the process never ran. */
  abandon(): void
}

export interface ConnectedStdio {
  readonly stdio: TaskStdio | undefined
  readonly resize: (size: TerminalSize) => Promise<void>
}

/** Pipes, not socket pairs: programs may open /dev/stdout. A detached exec gets /dev/null. */
export function openExecPipes(options: ExecOptions): ExecStreams {
  if (options.isDetached) return nullStreams
  const input = options.hasStdin ? openPipe() : undefined
  const out = openOutputPipe()
  const err = openOutputPipe()
  const childEnds = [...(input ? [input.readFd] : []), out.writeFd, err.writeFd]
  const ownEnds = [...(input ? [input.writeFd] : []), out.readFd, err.readFd]
  return {
    childDescriptors: [input?.readFd ?? 'null', out.writeFd, err.writeFd],
    closeChildEnds: () => closeAll(childEnds),
    abandon: () => closeAll(ownEnds),
    async connect(child) {
      ownEnds.length = 0
      const stdin = input && new Socket({ fd: input.writeFd, readable: false, writable: true })
      stdin?.on('error', () => undefined)
      const output = createExecOutput(child)
      output.add(openPipeReader(out.readFd, output.reader('stdout')))
      output.add(openPipeReader(err.readFd, output.reader('stderr')))
      return { stdio: pipeStdio(stdin, output), resize: notATerminal }
    },
  }
}

const nullStreams: ExecStreams = {
  childDescriptors: ['null', 'null', 'null'],
  closeChildEnds: () => undefined,
  abandon: () => undefined,
  connect: async () => ({ stdio: undefined, resize: notATerminal }),
}

/** The runtime makes the terminal inside the container and sends its master end to `socketPath`. */
export function openExecTerminal(socketPath: string, options: ExecOptions): ExecStreams {
  const sized = options.consoleSize && openTerminalPair(options.consoleSize)
  const sizedFds = sized ? [sized.masterFd, sized.slaveFd] : []
  const listener = listenForDescriptor(socketPath)
  // Started now: the runtime may connect before it reports a pid.
  const received = listener.receive()
  received.catch(() => undefined)
  return {
    // crun does not give an exec the size that its process has, but that of its own stdin.
    childDescriptors: [sized?.slaveFd ?? 'null', 'null', 'null'],
    consoleSocket: socketPath,
    closeChildEnds: () => undefined,
    abandon() {
      closeAll(sizedFds)
      listener[Symbol.dispose]()
      received.then(closeDescriptor, () => undefined)
    },
    async connect(child) {
      const master = await received
      closeAll(sizedFds)
      listener[Symbol.dispose]()
      const control = duplicateDescriptor(master)
      void child.exited.then(() => closeDescriptor(control))
      let isOpen = true
      void child.exited.then(() => (isOpen = false))
      const resize = async (size: TerminalSize) => {
        if (isOpen) setWindowSize(control, size)
      }
      if (options.consoleSize) await resize(options.consoleSize)
      const output = createExecOutput(child)
      const terminal = adoptDescriptor(master, { onread: output.reader() })
      output.add(terminal)
      // Without a reader the terminal's buffer would fill and stop the program.
      if (options.isDetached) output.abandon()
      return { stdio: terminalStdio(terminal, output), resize }
    },
  }
}

async function notATerminal(): Promise<void> {
  throw new EngineError('invalid_argument', 'resize exec: it has no terminal')
}

function pipeStdio(stdin: Socket | undefined, output: ExecOutput): TaskStdio {
  return {
    output: output.pieces,
    write: (chunk) => writeAll(stdin, chunk),
    async closeStdin() {
      stdin?.end()
    },
    async [Symbol.asyncDispose]() {
      stdin?.destroy()
      output.abandon()
    },
  }
}

function terminalStdio(terminal: Socket, output: ExecOutput): TaskStdio {
  return {
    output: output.pieces,
    write: (chunk) => writeAll(terminal, chunk),
    // A terminal has no end of input of its own; programs read ^D.
    closeStdin: async () => undefined,
    async [Symbol.asyncDispose]() {
      output.abandon()
    },
  }
}

async function writeAll(socket: Socket | undefined, chunk: Uint8Array): Promise<void> {
  if (!socket?.writable || socket.write(chunk)) return
  await drained(socket)
}

function closeAll(fds: number[]): void {
  for (const fd of fds.splice(0)) closeDescriptor(fd)
}
