import { parseJson } from '#client/json.ts'

/**
 * Splits a stream of JSON texts, one per line (`\n` or `\r\n`, the last may lack it),
 * as progress and event streams send them. A record that is cut across chunks is put together.
 */
export async function* parseJsonLines<T>(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<T> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.trim() !== '') yield parseJson<T>(line)
    }
  }
  rest += decoder.decode()
  if (rest.trim() !== '') yield parseJson<T>(rest)
}
