/** Owner, mode, time and extended attributes of what is copied. */
import * as fs from 'node:fs'
import { changeOwner, type PathName, setTimes } from '#sys/files.ts'
import type { CopyTarget, TreeSource } from '#sys/trees/messages.ts'
import { parseMode } from '#sys/trees/modes.ts'
import { copiedXattrs, ignoringUnsupported } from '#sys/trees/xattrs.ts'
import { setXattr } from '#sys/xattr.ts'

export interface Attributes {
  readonly uid: number
  readonly gid: number
  readonly mode: number
  readonly seconds: number
  readonly nanoseconds: number
}

export const rootOwner = { uid: 0, gid: 0 }

/** What the copy of an entry gets. @throws EngineError invalid_argument for a mode that is none */
export function attributeRule(
  { isRootOwned }: TreeSource,
  { owner, mode: asked }: CopyTarget,
): (stats: fs.BigIntStats) => Attributes {
  const changeMode = asked === undefined ? undefined : parseMode(asked)
  return (stats) => {
    const mode = Number(stats.mode) & 0o7777
    const own = isRootOwned ? rootOwner : { uid: Number(stats.uid), gid: Number(stats.gid) }
    const seconds = stats.mtimeNs / 1_000_000_000n
    return {
      ...(owner ?? own),
      mode: changeMode?.({ mode, isDirectory: stats.isDirectory() }) ?? mode,
      seconds: Number(seconds),
      nanoseconds: Number(stats.mtimeNs - seconds * 1_000_000_000n),
    }
  }
}

/** Everything but the time; not for links, whose mode cannot be set. */
export function applyAttributes(
  from: PathName,
  to: PathName,
  { uid, gid, mode }: Attributes,
): void {
  // The owner first: changing it clears setuid bits.
  changeOwner(to, uid, gid)
  fs.chmodSync(to, mode)
  for (const [name, value] of copiedXattrs(from)) {
    ignoringUnsupported(() => setXattr(to, name, value))
  }
}

export function applyTime(to: PathName, { seconds, nanoseconds }: Attributes): void {
  setTimes(to, seconds, nanoseconds)
}
