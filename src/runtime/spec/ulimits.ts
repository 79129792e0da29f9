/** Resource limits: getrlimit(2). */
import { readFileSync } from 'node:fs'
import { EngineError } from '#base/errors.ts'
import type { RuntimeProcess } from '#oci/runtime-spec.ts'
import { decodeCapabilityMask } from '#runtime/spec/capabilities.ts'
import type { UlimitInput } from '#runtime/spec/types.ts'

type Rlimit = NonNullable<RuntimeProcess['rlimits']>[number]

/** Name of the option → label in /proc/PID/limits. */
const labels: Readonly<Record<string, string>> = {
  as: 'Max address space',
  core: 'Max core file size',
  cpu: 'Max cpu time',
  data: 'Max data size',
  fsize: 'Max file size',
  locks: 'Max file locks',
  memlock: 'Max locked memory',
  msgqueue: 'Max msgqueue size',
  nice: 'Max nice priority',
  nofile: 'Max open files',
  nproc: 'Max processes',
  rss: 'Max resident set',
  rtprio: 'Max realtime priority',
  rttime: 'Max realtime timeout',
  sigpending: 'Max pending signals',
  stack: 'Max stack size',
}

const unlimited = Number.MAX_SAFE_INTEGER

/**
 * The limits asked for; without any, the container keeps the engine's own.
 * @throws EngineError invalid_argument for an unknown name or one this machine does not let us set
 */
export function buildRlimits(ulimits: readonly UlimitInput[]): readonly Rlimit[] {
  const mayRaise = ulimits.length > 0 && hasSysResource()
  return ulimits.map(({ name, soft, hard }) => {
    const label = checkUlimit({ name, soft, hard })
    const [softLimit, hardLimit] = [bounded(soft), bounded(hard)]
    if (!mayRaise && hardLimit > ownHardLimit(label)) throw refused(name)
    return { type: `RLIMIT_${name.toUpperCase()}`, soft: softLimit, hard: hardLimit }
  })
}

/** Gives the label in /proc/PID/limits. @throws EngineError invalid_argument */
export function checkUlimit({ name, soft, hard }: UlimitInput): string {
  const label = Object.hasOwn(labels, name) ? labels[name] : undefined
  if (label === undefined) {
    throw new EngineError('invalid_argument', `invalid ulimit type: ${name}`)
  }
  if (bounded(soft) > bounded(hard)) {
    throw new EngineError(
      'invalid_argument',
      `ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`,
    )
  }
  return label
}

function refused(name: string): EngineError {
  return new EngineError(
    'permission_denied',
    `error setting rlimits for ready process: error setting rlimit type ${name}: operation not permitted`,
    { hint: 'the engine lacks CAP_SYS_RESOURCE and cannot raise a hard limit above its own' },
  )
}

function bounded(value: number): number {
  return value < 0 ? unlimited : value
}

function hasSysResource(): boolean {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  return decodeCapabilityMask(mask ?? '0').has('CAP_SYS_RESOURCE')
}

function ownHardLimit(label: string): number {
  const text = readFileSync('/proc/self/limits', 'utf8')
  const line = text.split('\n').find((candidate) => candidate.startsWith(label)) ?? ''
  const hard = line.slice(label.length).trim().split(/\s+/)[1] ?? ''
  return hard === 'unlimited' ? unlimited : Number(hard)
}
