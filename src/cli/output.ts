/** Where commands write. Texts are written as they are; callers add the newline. */
export interface Output {
  write(text: string): void
  writeError(text: string): void
  /** Resolves when the kernel has the bytes, so that slow readers slow the sender down. */
  writeBytes(bytes: Uint8Array, isError?: boolean): Promise<void>
  /** Resolves when everything written has left. */
  flush(): Promise<void>
  /** Columns of the terminal that `which` is, undefined when it is none. */
  columns(which: 'stdout' | 'stderr'): number | undefined
}

/** The process's own stdout and stderr. A reader that went away ends the process quietly. */
export function openOutput(): Output {
  let pending = Promise.resolve()
  const send = (stream: NodeJS.WriteStream, content: string | Uint8Array) => {
    const sent = new Promise<void>((resolve) => stream.write(content, () => resolve()))
    pending = Promise.all([pending, sent]).then(() => undefined)
    return sent
  }
  process.stdout.on('error', exitOnBrokenPipe)
  return {
    write: (text) => void send(process.stdout, text),
    writeError: (text) => void send(process.stderr, text),
    writeBytes: (bytes, isError = false) => send(isError ? process.stderr : process.stdout, bytes),
    flush: () => pending,
    columns: (which) => {
      const stream = process[which]
      return stream.isTTY ? stream.columns : undefined
    },
  }
}

function exitOnBrokenPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(141)
  throw error
}
