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

declare global {
  interface JSON {
    /** ECMAScript "JSON.parse source text access": a text that stringify writes as it is. */
    rawJSON(text: string): unknown
  }
}

/** JSON with exact big integers; compact, or with `indent` spaces. */
export function formatJson(value: unknown, indent?: number): string {
  return JSON.stringify(value ?? null, writeBigInteger, indent)
}

function writeBigInteger(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? JSON.rawJSON(String(value)) : value
}
