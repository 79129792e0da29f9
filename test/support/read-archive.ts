import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { extract } from 'tar-stream'

/** Names and contents of an archive's files; directories have empty contents. */
export async function readArchive(archive: Uint8Array): Promise<Map<string, Buffer>> {
  const members = new Map<string, Buffer>()
  const parser = extract()
  parser.end(archive)
  for await (const entry of parser) members.set(entry.header.name, await buffer(entry))
  if (!parser.destroyed) await once(parser, 'close')
  return members
}
