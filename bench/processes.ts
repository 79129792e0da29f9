import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import type { Peer } from '#bench/peers/peer.ts'

/**
 * Megabytes of memory (PSS: shared pages counted in parts) of an engine and of every helper
 * process it keeps per container. The containers' own processes are told by their pid namespace.
 */
export function engineMemory(peer: Peer): number {
  const kibibytes = engineProcesses(peer).map((pid) => {
    const rollup = readProc(pid, 'smaps_rollup')
    return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? 0)
  })
  return kibibytes.reduce((sum, value) => sum + value, 0) / 1024
}

function engineProcesses(peer: Peer): number[] {
  const ownNamespace = readlinkSync('/proc/self/ns/pid')
  const service = new Set(peer.hasResidentEngine ? [] : peer.daemons.map(({ pid }) => pid))
  const found = new Set<number>()
  // A child has a higher id than its parent nearly always; two passes find the rest.
  for (const pid of [...processIds(), ...processIds()]) {
    const isNamed = readProc(pid, 'cmdline').includes(`${peer.root}/`)
    if (!isNamed && !found.has(parentOf(pid))) continue
    if (service.has(pid) || pid === process.pid || namespaceOf(pid) !== ownNamespace) continue
    found.add(pid)
  }
  return [...found]
}

function processIds(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}

function parentOf(pid: number): number {
  return Number(/\) \S (\d+)/.exec(readProc(pid, 'stat'))?.[1] ?? 0)
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`)
  } catch {
    return undefined // It ended meanwhile.
  }
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
