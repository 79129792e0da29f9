/** Questions on the terminal. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import type { Output } from '#cli/output.ts'

/** One line from the user; what is typed for a secret does not show. */
export async function ask(
  output: Output,
  question: string,
  { isSecret = false }: { readonly isSecret?: boolean } = {},
): Promise<string> {
  output.write(question)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  // With `terminal` the interface puts the terminal in raw mode, and so echoes only by `output`.
  const lines = createInterface({
    input: process.stdin,
    terminal: isSecret,
    ...(isSecret ? { output: silent } : {}),
  })
  try {
    const answer = await lines.question('')
    if (isSecret) output.write('\n')
    return answer
  } finally {
    lines.close()
  }
}
