import * as fs from 'node:fs'
import { EngineError } from '#base/errors.ts'
import { changeOwner, type PathName } from '#sys/files.ts'
import type { NewDirectory } from '#sys/trees/messages.ts'
import { below, findStats, parentPath, resolveInRoot } from '#sys/trees/paths.ts'

/** Makes what is missing on the way to `path`, itself included. @throws EngineError invalid_argument over a file */
export function makeDirectories({ rootPath, path, owner, mode = 0o755 }: NewDirectory): void {
  const resolved = resolveInRoot(rootPath, path)
  const place = below(rootPath, resolved)
  if (resolved === '' || findStats(place)?.isDirectory() === true) return
  makeDirectories({ rootPath, path: parentPath(resolved), owner, mode })
  makeMissing(place, resolved)
  fs.chmodSync(place, mode)
  changeOwner(place, owner.uid, owner.gid)
}

/** One directory whose parent exists. */
export function makeMissing(place: PathName, path: string): void {
  if (findStats(place)) {
    throw new EngineError('invalid_argument', `cannot copy to non-directory: /${path}`)
  }
  fs.mkdirSync(place, 0o755)
}
