/**
 * Whom a process runs as: `--user`, `--group-add` and `USER` by the container's
 * own /etc/passwd and /etc/group (passwd(5), group(5)), with Docker's rules and texts.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { EngineError, errnoOf } from '#base/errors.ts'
import { openInRoot } from '#sys/files.ts'
import type { ExecUser } from '#runtime/types.ts'

export interface ResolveUserOptions {
  /** Mounted root filesystem; nothing outside of it is read. */
  readonly rootfs: string
  /** `name`, `uid`, `user:group`, or empty for root. */
  readonly user: string
  readonly groupAdd?: readonly string[]
}

export interface ResolvedUser {
  readonly user: ExecUser
  /** `/` when the user has no entry. */
  readonly home: string
}

/** Larger files are refused: an image must not fill the engine's memory. */
const maxFileBytes = 1024 * 1024
/** The kernel's uid_t is 32 bits; above this, tools disagree about the sign. */
const maxId = 2 ** 31 - 1

/** @throws EngineError invalid_argument "unable to find user x: no matching entries in passwd file" */
export function resolveUser(options: ResolveUserOptions): ResolvedUser {
  const root = openSync(options.rootfs, constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    return resolve(options, {
      passwd: readEntries(root, 'etc/passwd').flatMap(parsePasswdLine),
      group: readEntries(root, 'etc/group').flatMap(parseGroupLine),
    })
  } finally {
    closeSync(root)
  }
}

interface PasswdEntry {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

interface GroupEntry {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

interface Databases {
  readonly passwd: readonly PasswdEntry[]
  readonly group: readonly GroupEntry[]
}

function resolve({ user, groupAdd = [] }: ResolveUserOptions, files: Databases): ResolvedUser {
  const [userText = '', groupText, ...rest] = user.split(':')
  if (rest.length > 0) throw invalid(`invalid user "${user}": more than one colon`)
  const wanted = userText === '' ? '0' : userText
  const entry = files.passwd.find(({ name, uid }) => name === wanted || String(uid) === wanted)
  const uid = entry?.uid ?? parseId(wanted, `unable to find user ${wanted}`, 'passwd')
  const hasGroup = groupText !== undefined && groupText !== ''
  const gid = hasGroup ? findGroup(groupText, files) : (entry?.gid ?? 0)
  const memberOf = hasGroup || !entry ? [] : groupsOf(entry.name, files)
  const added = groupAdd.map((text) => findGroup(text, files))
  return {
    // The primary group is listed too, or a file that denies it would let its members in.
    user: { uid, gid, additionalGids: [...new Set([gid, ...memberOf, ...added])] },
    home: entry?.home ?? '/',
  }
}

function groupsOf(name: string, { group }: Databases): readonly number[] {
  return group.filter(({ members }) => members.includes(name)).map(({ gid }) => gid)
}

function findGroup(text: string, { group }: Databases): number {
  const entry = group.find(({ name, gid }) => name === text || String(gid) === text)
  return entry?.gid ?? parseId(text, `unable to find group ${text}`, 'group')
}

function parseId(text: string, notFound: string, file: string): number {
  if (!/^-?\d+$/.test(text)) throw invalid(`${notFound}: no matching entries in ${file} file`)
  const id = Number(text)
  if (id < 0 || id > maxId) throw invalid(`uids and gids must be in range 0-${maxId}`)
  return id
}

function parsePasswdLine(line: string): readonly PasswdEntry[] {
  const [name = '', , uid = '', gid = '', , home = ''] = line.split(':')
  if (name === '' || !isId(uid) || !isId(gid)) return []
  return [{ name, uid: Number(uid), gid: Number(gid), home: home === '' ? '/' : home }]
}

function parseGroupLine(line: string): readonly GroupEntry[] {
  const [name = '', , gid = '', members = ''] = line.split(':')
  if (name === '' || !isId(gid)) return []
  return [{ name, gid: Number(gid), members: members.split(',').filter(Boolean) }]
}

/** Anything else in a file's id column makes its line mean nothing, not root. */
function isId(text: string): boolean {
  return /^\d{1,10}$/.test(text) && Number(text) <= maxId
}

/** Lines of a file of the image; none when there is no such file. */
function readEntries(root: number, path: string): readonly string[] {
  let fd: number
  try {
    // Without O_NONBLOCK, opening a FIFO in its place would wait for ever.
    fd = openInRoot(root, path, { flags: constants.O_RDONLY | constants.O_NONBLOCK })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return []
    throw error
  }
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw invalid(`read /${path} of the container: not a regular file`)
    if (stats.size > maxFileBytes) throw invalid(`read /${path} of the container: too large`)
    const bytes = Buffer.alloc(stats.size)
    const length = readSync(fd, bytes, 0, bytes.length, 0)
    return bytes.toString('utf8', 0, length).split('\n')
  } finally {
    closeSync(fd)
  }
}

function invalid(message: string): EngineError {
  return new EngineError('invalid_argument', message)
}
