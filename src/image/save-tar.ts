/** The outer tar of `docker save`: members by name, written as their bytes come. */
import { EngineError } from '#base/errors.ts'
import { encodeTarHeader, tarPadding, tarTrailer } from '#oci/tar/encoder.ts'
import type { TarEntry } from '#oci/tar/types.ts'

export type ArchiveMember =
  | { readonly type: 'directory'; readonly path: string }
  | {
      readonly type: 'file'
      readonly path: string
      readonly sizeBytes: number
      readonly read: () => AsyncIterable<Uint8Array>
    }

const epoch = { seconds: 0, nanoseconds: 0 }
const owner = { uid: 0, gid: 0, mtime: epoch }

/** @throws EngineError data_loss when a member is not as long as it was said to be */
export async function* writeArchive(
  members: Iterable<ArchiveMember> | AsyncIterable<ArchiveMember>,
): AsyncGenerator<Uint8Array> {
  for await (const member of members) {
    yield encodeTarHeader(headerOf(member))
    if (member.type === 'directory') continue
    let length = 0
    for await (const chunk of member.read()) {
      length += chunk.length
      yield chunk
    }
    if (length !== member.sizeBytes) {
      const what = `write archive: "${member.path}" has ${length} bytes`
      throw new EngineError('data_loss', `${what} instead of ${member.sizeBytes}`)
    }
    yield new Uint8Array(tarPadding(length))
  }
  yield tarTrailer
}

/** A member of JSON text. */
export function jsonMember(path: string, value: unknown): ArchiveMember {
  return bytesMember(path, new TextEncoder().encode(JSON.stringify(value)))
}

export function bytesMember(path: string, bytes: Uint8Array): ArchiveMember {
  return {
    type: 'file',
    path,
    sizeBytes: bytes.length,
    async *read() {
      yield bytes
    },
  }
}

function headerOf(member: ArchiveMember): TarEntry {
  return member.type === 'directory'
    ? { ...owner, path: `${member.path}/`, type: 'directory', mode: 0o755, sizeBytes: 0 }
    : { ...owner, path: member.path, type: 'file', mode: 0o644, sizeBytes: member.sizeBytes }
}
