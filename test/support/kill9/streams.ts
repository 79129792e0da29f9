/** What containers and execs write, as text. */
import { createStdcopyDecoder } from '#wire/stdcopy.ts'
import type { Client } from '#client/client.ts'

/** Everything on stdout, to the end of the stream. */
export async function stdoutText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const piece of stdoutOf(chunks)) text += piece
  return text
}

/** Ends as soon as what came so far has `expected` in it, or with the stream. */
export async function readUntil(
  chunks: AsyncIterable<Uint8Array>,
  expected: string,
): Promise<string> {
  let text = ''
  for await (const piece of stdoutOf(chunks)) {
    text += piece
    if (text.includes(expected)) break
  }
  return text
}

async function* stdoutOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = createStdcopyDecoder()
  for await (const chunk of chunks) {
    for (const { stream, bytes } of decoder.decode(chunk)) {
      if (stream === 'stdout') yield Buffer.from(bytes).toString('latin1')
    }
  }
}

export async function logText(client: Client, name: string): Promise<string> {
  const { chunks } = await client.containers.logs(name, { stdout: true })
  return stdoutText(chunks)
}

/** Runs a program in a container; gives its exit code and what it wrote. */
export async function execIn(client: Client, name: string, args: readonly string[]) {
  const { Id } = await client.execs.create(name, { Cmd: [...args], AttachStdout: true })
  using stream = await client.execs.start(Id)
  const stdout = await stdoutText(stream.output)
  const { ExitCode } = await client.execs.inspect(Id)
  return { code: ExitCode, stdout }
}
