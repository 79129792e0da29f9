/** Version numbers of the Engine API, `1.24` … `1.55`, ordered by their parts and not as decimals. */
export const newestApiVersion = '1.55'
export const oldestApiVersion = '1.24'

/** The last version whose answers have the fields that 1.52 dropped; scripts go on reading them. */
export const fullestApiVersion = '1.51'

/** Negative, zero or positive as `a` is older, the same or newer. */
export function compareApiVersions(a: string, b: string): number {
  const left = a.split('.').map(Number)
  const right = b.split('.').map(Number)
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

export function isApiVersionAtLeast(version: string, minimum: string): boolean {
  return compareApiVersions(version, minimum) >= 0
}

/** The version of this product; the engine and the command line are released together. */
export const productVersion = '0.1.0'
