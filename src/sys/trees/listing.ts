/** The files behind a selection's digest, a line each: what is compared when the digest changed. */
import * as fs from 'node:fs'
import { join } from 'node:path'

export interface ListedFile {
  readonly mode: number
  /** `uid:gid` */
  readonly owner: string
  /** Tells one content from another: the start of a digest, the target of a link. */
  readonly content: string
}

export interface ListingWriter {
  add(path: string, file: ListedFile): void
  /** Writes what was added under the digest's hex digits. */
  save(hex: string): void
}

/** Longer lists are not kept: nobody reads what differs in them, and they would take the time of the build. */
const maxFiles = 20_000

export function createListingWriter(directory: string | undefined): ListingWriter {
  let lines: string[] | undefined = directory === undefined ? undefined : []
  return {
    add(path, { mode, owner, content }) {
      lines?.push(JSON.stringify([path, mode, owner, content]))
      if (lines && lines.length > maxFiles) lines = undefined
    },
    save(hex) {
      if (!lines || directory === undefined) return
      const path = join(directory, hex)
      const now = new Date()
      if (fs.existsSync(path)) return fs.utimesSync(path, now, now)
      const temporary = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}`
      fs.writeFileSync(temporary, lines.join('\n'), { mode: 0o600 })
      fs.renameSync(temporary, path)
    },
  }
}

export function decodeListing(text: string): Map<string, ListedFile> {
  const lines = text === '' ? [] : text.split('\n')
  return new Map(
    lines.map((line) => {
      const [path, mode, owner, content]: [string, number, string, string] = JSON.parse(line)
      return [path, { mode, owner, content }]
    }),
  )
}
