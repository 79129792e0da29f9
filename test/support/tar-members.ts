import { encodeTarHeader, tarPadding, tarTrailer } from '#oci/tar/encoder.ts'
import type { TarEntry } from '#oci/tar/types.ts'

/** A member as a test writes it: what is not said has a plain value. */
export type TestMember = Partial<Omit<TarEntry, 'sizeBytes'>> & {
  readonly path: string
  readonly content?: string | Uint8Array
}

export function encodeMember(member: TestMember): Buffer {
  const { content: given = '', ...fields } = member
  const content = Buffer.from(given)
  const header = encodeTarHeader({
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: { seconds: 1_700_000_000, nanoseconds: 0 },
    ...fields,
    sizeBytes: content.length,
  })
  return Buffer.concat([header, content, Buffer.alloc(tarPadding(content.length))])
}

/** A complete archive of these members, whatever they are: also of hostile ones. */
export function encodeArchive(members: readonly TestMember[]): Buffer {
  return Buffer.concat([...members.map(encodeMember), tarTrailer])
}
