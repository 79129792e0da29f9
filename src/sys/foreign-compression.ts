import { filterThrough, type FilterProgram } from '#sys/filter.ts'

const programs: readonly { readonly magic: Buffer; readonly program: FilterProgram }[] = [
  { magic: Buffer.from('BZh'), program: { path: '/usr/bin/bzip2', args: ['-dc'] } },
  {
    magic: Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a]),
    program: { path: '/usr/bin/xz', args: ['-dc'] },
  },
]
const longestMagic = 5

/** Undoes bzip2 and xz, which Node cannot; everything else passes (the extractor knows gzip and zstd). */
export async function* undoForeignCompression(
  archive: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const chunks = archive[Symbol.asyncIterator]()
  let start = Buffer.alloc(0)
  while (start.length < longestMagic) {
    const next = await chunks.next()
    if (next.done) break
    start = Buffer.concat([start, next.value])
  }
  const whole = resumed(start, chunks)
  const found = programs.find(({ magic }) => start.subarray(0, magic.length).equals(magic))
  yield* found ? filterThrough(found.program, whole) : whole
}

async function* resumed(
  start: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    if (start.length > 0) yield start
    for (;;) {
      const next = await rest.next()
      if (next.done) return
      yield next.value
    }
  } finally {
    await rest.return?.()
  }
}
