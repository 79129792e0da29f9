import { EngineError } from '#base/errors.ts'
import { announce, type ContainerContext } from '#container/context.ts'
import { notRunning } from '#container/exec.ts'
import { runCommand } from '#sys/process.ts'

export interface ProcessTable {
  readonly titles: readonly string[]
  readonly processes: readonly (readonly string[])[]
}

/**
 * The container's processes as the host's ps(1) shows them.
 * @throws EngineError conflict (not running), invalid_argument (ps refuses, or shows no PID)
 */
export async function containerTop(
  context: ContainerContext,
  ref: string,
  psArgs: readonly string[],
): Promise<ProcessTable> {
  const record = context.table.resolve(ref)
  const task = context.tasks.get(record.id)
  if (!task) throw notRunning(record.id)
  const [pids, listing] = await Promise.all([
    task.pids(),
    runCommand('/usr/bin/ps', psArgs.length === 0 ? ['-ef'] : psArgs),
  ])
  if (listing.code !== 0) {
    throw new EngineError('invalid_argument', `ps: ${listing.stderr.toString().trim()}`)
  }
  const table = selectProcesses(listing.stdout.toString(), new Set(pids))
  announce(context, record, { action: 'top' })
  return table
}

/** Keeps the header and the rows whose PID column is one of `pids`; the last column keeps its spaces. */
export function selectProcesses(listing: string, pids: ReadonlySet<number>): ProcessTable {
  const [header = '', ...rows] = listing.trimEnd().split('\n')
  const titles = header.trim().split(/\s+/)
  const pidColumn = titles.indexOf('PID')
  if (pidColumn < 0) {
    throw new EngineError('invalid_argument', "Couldn't find PID field in ps output")
  }
  const processes = rows
    .map((row) => splitRow(row, titles.length))
    .filter((row) => pids.has(Number(row[pidColumn])))
  return { titles, processes }
}

function splitRow(row: string, columns: number): readonly string[] {
  const words = row.trim().split(/\s+/)
  return [...words.slice(0, columns - 1), words.slice(columns - 1).join(' ')]
}
