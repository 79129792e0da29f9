/** The files of one container's log: the current one and the rotated ones, oldest first. */
import { type FileHandle, open } from 'node:fs/promises'
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

export async function findLogFile(path: string): Promise<LogFile | undefined> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
  const { dev, ino } = await file.stat({ bigint: true })
  return { file, identity: `${dev}:${ino}` }
}

export async function closeLogFiles(files: readonly LogFile[]): Promise<void> {
  for (const { file } of files) await file.close()
}
