/** `struct sockaddr_in` (ip(7)) and `struct sockaddr_in6` (ipv6(7)). */
import { addressFamily, encodeAddress } from '#sys/netlink/inet.ts'

/** @throws EngineError invalid_argument when `address` is not an IP address */
export function encodeSocketAddress(address: string, port: number): Buffer {
  const bytes = encodeAddress(address)
  const isIpv4 = bytes.length === 4
  const encoded = Buffer.alloc(isIpv4 ? 16 : 28)
  encoded.writeUInt16LE(isIpv4 ? addressFamily.ipv4 : addressFamily.ipv6, 0)
  encoded.writeUInt16BE(port, 2)
  bytes.copy(encoded, isIpv4 ? 4 : 8)
  return encoded
}
