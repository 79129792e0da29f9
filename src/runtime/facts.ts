/** What is kept beside a running task, so that another engine can take it back. */
import { readFileSync, writeFileSync } from 'node:fs'
import { EngineError } from '#base/errors.ts'
import {
  decodeBool,
  decodeInteger,
  decodeList,
  decodeObject,
  decodeText,
  member,
  parseJsonObject,
} from '#oci/decode.ts'
import type { RuntimeProcess } from '#oci/runtime-spec.ts'

export interface TaskFacts {
  readonly runtime: string
  readonly cgroupPath: string
  readonly isTerminal: boolean
  readonly closesStdinOnce: boolean
  readonly logPath?: string
  /** What every exec of the container has of it. */
  readonly execDefaults: ExecDefaults
}

export type ExecDefaults = Pick<
  RuntimeProcess,
  'rlimits' | 'noNewPrivileges' | 'apparmorProfile' | 'oomScoreAdj'
> & { readonly bounding: readonly string[] }

export function execDefaultsOf(process: RuntimeProcess): ExecDefaults {
  const { rlimits, noNewPrivileges, apparmorProfile, oomScoreAdj } = process
  return {
    bounding: process.capabilities?.bounding ?? [],
    ...(rlimits ? { rlimits } : {}),
    ...(noNewPrivileges === undefined ? {} : { noNewPrivileges }),
    ...(apparmorProfile === undefined ? {} : { apparmorProfile }),
    ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
  }
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
    execDefaults: decodeExecDefaults(json['execDefaults'], 'execDefaults'),
  }
}

function decodeExecDefaults(value: unknown, path: string): ExecDefaults {
  const json = decodeObject(value, path)
  return {
    bounding: decodeList(decodeText)(json['bounding'], `${path}.bounding`),
    ...member(json, 'rlimits', decodeList(decodeRlimit)),
    ...member(json, 'noNewPrivileges', decodeBool),
    ...member(json, 'apparmorProfile', decodeText),
    ...member(json, 'oomScoreAdj', decodeInteger),
  }
}

function decodeRlimit(value: unknown, path: string) {
  const json = decodeObject(value, path)
  return {
    type: decodeText(json['type'], `${path}.type`),
    soft: decodeInteger(json['soft'], `${path}.soft`),
    hard: decodeInteger(json['hard'], `${path}.hard`),
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
