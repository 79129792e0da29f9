import { libcFunction } from '#sys/ffi.ts'

const mallocTrim = libcFunction<[pad: number]>('int malloc_trim(size_t pad)')

/**
 * Gives free pages of the C heap back to the kernel (malloc_trim(3)): glibc keeps what worker
 * threads and buffers once used. Takes some tenths of a millisecond.
 */
export function trimHeap(): void {
  mallocTrim(0)
}
