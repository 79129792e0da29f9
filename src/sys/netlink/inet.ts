/** Addresses between text and the bytes that the kernel takes. */
import { isIPv4, isIPv6 } from 'node:net'
import { EngineError } from '#base/errors.ts'

export const addressFamily = { unspecified: 0, ipv4: 2, bridge: 7, ipv6: 10 } as const

/** 4 or 16 bytes in network order. @throws EngineError invalid_argument */
export function encodeAddress(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number))
  if (isIPv6(text) && !text.includes('%')) return encodeIpv6(text)
  throw new EngineError('invalid_argument', `parse address "${text}": not an IP address`)
}

export function familyOf(address: Buffer): number {
  return address.length === 4 ? addressFamily.ipv4 : addressFamily.ipv6
}

/** The shortest form (RFC 5952 for IPv6). */
export function decodeAddress(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.')
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16))
  return compress(groups)
}

/** Six bytes from `02:42:ac:11:00:02`. @throws EngineError invalid_argument */
export function encodeMac(text: string): Buffer {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) {
    throw new EngineError('invalid_argument', `invalid MAC address "${text}"`)
  }
  return Buffer.from(text.replaceAll(':', ''), 'hex')
}

export function decodeMac(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':')
}

function encodeIpv6(text: string): Buffer {
  const withoutDots = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
    const [a, b, c, d] = parts.slice(0, 4).map(Number)
    const group = (high = 0, low = 0) => ((high << 8) | low).toString(16)
    return `${group(a, b)}:${group(c, d)}`
  })
  const [head = '', tail] = withoutDots.split('::')
  const groupsOf = (part: string) => (part === '' ? [] : part.split(':'))
  const first = groupsOf(head)
  const last = tail === undefined ? [] : groupsOf(tail)
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0')
  const bytes = Buffer.alloc(16)
  for (const [index, group] of [...first, ...zeros, ...last].entries()) {
    bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2)
  }
  return bytes
}

function compress(groups: readonly string[]): string {
  let best = { start: 0, length: 1 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === '0') length++
    if (length > best.length) best = { start, length }
  }
  if (best.length < 2) return groups.join(':')
  const before = groups.slice(0, best.start).join(':')
  const after = groups.slice(best.start + best.length).join(':')
  return `${before}::${after}`
}
