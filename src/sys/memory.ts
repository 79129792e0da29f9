/** What a process can give back of its memory: malloc_trim(3), madvise(2). */
import { readFileSync, readlinkSync } from 'node:fs'
import { checked, libcFunction } from '#sys/ffi.ts'

const mallocTrim = libcFunction<[pad: number]>('int malloc_trim(size_t pad)')
const madvise = libcFunction<[address: bigint, bytes: bigint, advice: number]>(
  'int madvise(uintptr_t address, size_t bytes, int advice)',
)
const dontNeed = 4

/**
 * Gives free pages of the C heap back to the kernel: glibc keeps what worker
 * threads and buffers once used. Takes some tenths of a millisecond.
 */
export function trimHeap(): void {
  mallocTrim(0)
}

/**
 * Lets go of the pages of this program's own file: most of those that a start touches are never used
 * again. What is needed comes back from the page cache by minor faults.
 * @throws EngineError
 */
export function releaseProgram(): void {
  const program = readlinkSync('/proc/self/exe')
  for (const { start, end } of cleanMappings(readFileSync('/proc/self/smaps', 'utf8'), program)) {
    checked('release pages', madvise(start, end - start, dontNeed), program)
  }
}

export interface Mapping {
  readonly start: bigint
  readonly end: bigint
}

/**
 * Read-only mappings of the file at `path` without a page of their own: proc_pid_smaps(5). One that
 * has such pages (relocated data) would lose them.
 */
export function cleanMappings(smaps: string, path: string): readonly Mapping[] {
  return smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).flatMap((entry) => {
    const head = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ \d+ +(.+)$/m.exec(entry)
    if (head?.[3] !== path || !/^Anonymous: +0 kB$/m.test(entry)) return []
    return [{ start: BigInt(`0x${head[1]}`), end: BigInt(`0x${head[2]}`) }]
  })
}
