/** The first bytes of a stream, and the stream with them still in it. */
export async function startOf(source: AsyncIterable<Uint8Array>): Promise<{
  readonly start: Uint8Array
  readonly whole: AsyncIterable<Uint8Array>
}> {
  const chunks = source[Symbol.asyncIterator]()
  const first = await chunks.next()
  const start = first.done ? new Uint8Array(0) : first.value
  return { start, whole: joined(start, chunks) }
}

async function* joined(
  start: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (start.length > 0) yield start
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

export async function readAll(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}
