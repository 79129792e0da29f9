/** What is kept beside a running task, so that another engine can take it back. */
import { readFileSync, writeFileSync } from 'node:fs'
import { EngineError } from '#base/errors.ts'
import { decodeBool, decodeText, member, parseJsonObject } from '#oci/decode.ts'

export interface TaskFacts {
  readonly runtime: string
  readonly cgroupPath: string
  readonly isTerminal: boolean
  readonly closesStdinOnce: boolean
  readonly logPath?: string
}

export function writeTaskFacts(path: string, facts: TaskFacts): void {
  writeFileSync(path, JSON.stringify(facts), { mode: 0o600 })
}

/** @throws EngineError not_found when there is no such task */
export function readTaskFacts(path: string): TaskFacts {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    throw new EngineError('not_found', `read task "${path}": no such task`, { cause: error })
  }
  const json = parseJsonObject(bytes, 'task facts')
  return {
    runtime: decodeText(json['runtime'], 'runtime'),
    cgroupPath: decodeText(json['cgroupPath'], 'cgroupPath'),
    isTerminal: decodeBool(json['isTerminal'], 'isTerminal'),
    closesStdinOnce: decodeBool(json['closesStdinOnce'], 'closesStdinOnce'),
    ...member(json, 'logPath', decodeText),
  }
}

/** The number in a pid file; undefined while it is absent or empty. */
export function findPid(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim())
    return Number.isInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}
