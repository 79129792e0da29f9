/** Who holds a name that test processes share, and whether it still lives. */
import { readFileSync, readlinkSync } from 'node:fs'

/** This process: its pid, when it started, for pids are reused, and where the pid means something. */
export function ownerMark(): string {
  return `${titleOf(process.pid)} ${readlinkSync('/proc/self/ns/pid')}`
}

/** A process of another pid namespace cannot tell, and takes the owner for alive. */
export function isOwnerAlive(mark: string): boolean {
  const [pid = '', started = '', namespace = ''] = mark.split(' ')
  if (namespace !== readlinkSync('/proc/self/ns/pid')) return true
  return titleOf(Number(pid)) === `${pid} ${started}`
}

/** The pid alone when the process has ended. */
function titleOf(pid: number): string {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    return `${pid} ${fields[19]}`
  } catch {
    return String(pid)
  }
}
