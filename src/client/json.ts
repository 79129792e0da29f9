/**
 * `JSON.parse` that keeps integers beyond 2^53 exact (nanosecond times, cgroup
 * limits) as bigint. The engine is trusted to answer in the wire's shape, which
 * its own conformance tests hold it to; a caller names the type it expects.
 */
export function parseJson<T>(text: string): T {
  return /\d{16}/.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text)
}

function exactInteger(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value
  return /^-?\d+$/.test(source) ? BigInt(source) : value
}
