import { closeDescriptor } from '#sys/files.ts'
import { Socket } from 'node:net'
import { drained } from '#base/drain.ts'
import { EngineError } from '#base/errors.ts'
import { openPipe } from '#sys/pipe.ts'
import { openOutputPipe, openPipeReader, plainEnvironment, startProcess } from '#sys/process.ts'

export interface FilterProgram {
  /** Absolute path. */
  readonly path: string
  readonly args: readonly string[]
}

const terminate = 15

/**
 * What a program writes to stdout while it is fed `source` on stdin. Leaving the
 * iteration ends the program.
 * @throws EngineError not_found when it is not installed, data_loss when it ends with another code than 0
 */
export async function* filterThrough(
  { path, args }: FilterProgram,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const { child, stdin, stdout } = startFilter(path, args)
  let feedFailure: unknown
  const feeding = feed(stdin, source).catch((error: unknown) => {
    feedFailure = error
    stdin.destroy()
  })
  try {
    for await (const chunk of stdout) yield chunk
    const { code } = await child.exited
    await feeding
    if (feedFailure !== undefined) throw feedFailure
    if (code !== 0) throw new EngineError('data_loss', `run "${path}": exit code ${code}`)
  } finally {
    child.signal(terminate)
    stdin.destroy()
    stdout.destroy()
    await child.exited
  }
}

function startFilter(path: string, args: readonly string[]) {
  const input = openPipe()
  const output = openOutputPipe()
  try {
    const child = startProcess({
      path,
      args,
      env: plainEnvironment,
      descriptors: [input.readFd, output.writeFd, 'null'],
    })
    const stdin = new Socket({ fd: input.writeFd, readable: false, writable: true })
    // A program that ends early tells why by its exit code.
    stdin.on('error', () => undefined)
    return { child, stdin, stdout: openPipeReader(output.readFd) }
  } catch (error) {
    closeDescriptor(input.writeFd)
    closeDescriptor(output.readFd)
    throw error
  } finally {
    closeDescriptor(input.readFd)
    closeDescriptor(output.writeFd)
  }
}

async function feed(stdin: Socket, source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of source) {
    if (stdin.destroyed) return
    if (!stdin.write(chunk)) await drained(stdin)
  }
  stdin.end()
}
