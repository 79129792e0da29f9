/** The files of one container's log: the current one and the rotated ones, oldest first. */
import type { BigIntStats } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { errnoOf } from '#base/errors.ts'

export interface LogFile {
  readonly file: FileHandle
  /** Device and inode: the same file under whatever name. */
  readonly identity: string
}

/**
 * Opens every file of the log. The current one is opened first: a rotation in
 * between shows it again under an older name, and the second sight is dropped.
 */
export async function openLogFiles(logPath: string): Promise<LogFile[]> {
  const files: LogFile[] = []
  for (let index = 0; ; index++) {
    const found = await findLogFile(index === 0 ? logPath : `${logPath}.${index}`)
    if (!found) {
      if (index === 0) continue
      break
    }
    if (files.some(({ identity }) => identity === found.identity)) await found.file.close()
    else files.push(found)
  }
  return files.toReversed()
}

/** Opens what rotation has put after `last`, oldest first; cheap while there is nothing. */
export async function openNewerLogFiles(
  logPath: string,
  last: LogFile | undefined,
): Promise<LogFile[]> {
  const current = await stat(logPath, { bigint: true }).catch(ignoreMissing)
  if (!current || identityOf(current) === last?.identity) return []
  const files = await openLogFiles(logPath)
  const older = files.splice(0, files.findIndex(({ identity }) => identity === last?.identity) + 1)
  await closeLogFiles(older)
  return files
}

async function findLogFile(path: string): Promise<LogFile | undefined> {
  const file = await open(path, 'r').catch(ignoreMissing)
  return file && { file, identity: identityOf(await file.stat({ bigint: true })) }
}

function identityOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`
}

function ignoreMissing(error: unknown): undefined {
  if (errnoOf(error) !== 'ENOENT') throw error
}

export async function closeLogFiles(files: readonly LogFile[]): Promise<void> {
  for (const { file } of files) await file.close()
}
