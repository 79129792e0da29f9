/** How the engine learns the pid of an exec, and with it that the program was executed. */
import { rmSync } from 'node:fs'
import { closeDescriptor } from '#sys/files.ts'
import { openPipe } from '#sys/pipe.ts'
import { type ChildProcess, openPipeReader } from '#sys/process.ts'
import type { ChildDescriptor } from '#sys/spawn.ts'
import { findPid } from '#runtime/facts.ts'
import { watchChanges } from '#runtime/logs/watch.ts'
import type { OciProgram } from '#runtime/programs.ts'

export interface PidReport {
  /** For the runtime's `--pid-file`. */
  readonly pidFile: string
  /** The runtime's descriptors from 3 up. */
  readonly childDescriptors: readonly ChildDescriptor[]
  /** After the start. */
  closeChildEnd(): void
  /** Undefined when the program was never executed. */
  read(child: ChildProcess): Promise<number | undefined>
  /** Instead of `read`, when the runtime could not be started. */
  abandon(): void
}

export function openPidReport(program: OciProgram, path: string): PidReport {
  return program.isCrun ? openPipeReport() : openFileReport(path)
}

/**
 * A pipe in place of the file, so that no directory has to be watched. It is not
 * descriptor 3, which crun gives a meaning of its own.
 */
function openPipeReport(): PidReport {
  const pipe = openPipe()
  return {
    pidFile: '/proc/self/fd/5',
    childDescriptors: ['null', 'null', pipe.writeFd],
    closeChildEnd: () => closeDescriptor(pipe.writeFd),
    abandon: () => closeDescriptor(pipe.readFd),
    async read() {
      for await (const chunk of openPipeReader(pipe.readFd)) {
        const pid = Number(String(chunk))
        if (pid > 0) return pid
      }
      return undefined
    },
  }
}

/** runc writes a neighbour and renames it. */
function openFileReport(path: string): PidReport {
  const watch = watchChanges(path)
  const close = () => {
    watch[Symbol.dispose]()
    rmSync(path, { force: true })
  }
  return {
    pidFile: path,
    childDescriptors: [],
    closeChildEnd: () => undefined,
    abandon: close,
    async read(child) {
      void child.exited.then(watch.stop)
      let isEnded = false
      void child.exited.then(() => (isEnded = true))
      try {
        for (;;) {
          const wasEnded = isEnded
          const pid = findPid(path)
          if (pid !== undefined || wasEnded) return pid
          await watch.next()
        }
      } finally {
        close()
      }
    },
  }
}
