/** IPv4 arithmetic. An address is an unsigned 32-bit number here, a text outside. */
import { isIPv4 } from 'node:net'
import { EngineError } from '#base/errors.ts'

/** A block of addresses: `first` has all host bits zero. */
export interface Subnet {
  readonly first: number
  readonly prefixLength: number
}

/** @throws EngineError invalid_argument */
export function parseIpv4(text: string): number {
  if (!isIPv4(text)) throw new EngineError('invalid_argument', `invalid IPv4 address "${text}"`)
  return text.split('.').reduce((value, part) => value * 256 + Number(part), 0)
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')
}

/** `172.17.0.5/16` as address and subnet. @throws EngineError invalid_argument */
export function parseCidr(text: string): { readonly address: number; readonly subnet: Subnet } {
  const [addressText = '', prefixText = ''] = text.split('/')
  const prefixLength = Number(prefixText)
  if (!isIPv4(addressText) || !/^\d{1,2}$/.test(prefixText) || prefixLength > 32) {
    throw new EngineError('invalid_argument', `invalid CIDR address: ${text}`)
  }
  const address = parseIpv4(addressText)
  return { address, subnet: subnetOf(address, prefixLength) }
}

export function formatSubnet(subnet: Subnet): string {
  return `${formatIpv4(subnet.first)}/${subnet.prefixLength}`
}

export function subnetOf(address: number, prefixLength: number): Subnet {
  return { first: address - (address % 2 ** (32 - prefixLength)), prefixLength }
}

/** How many addresses it has. */
export function subnetSize(subnet: Subnet): number {
  return 2 ** (32 - subnet.prefixLength)
}

export function subnetContains(subnet: Subnet, address: number): boolean {
  return address >= subnet.first && address < subnet.first + subnetSize(subnet)
}

export function subnetsOverlap(a: Subnet, b: Subnet): boolean {
  return subnetContains(a, b.first) || subnetContains(b, a.first)
}

/** The MAC address that Docker derives from an IPv4 address, so that neighbours' caches stay right. */
export function macAddressOf(address: number): string {
  const bytes = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255)
  return ['02', '42', ...bytes.map((byte) => byte.toString(16).padStart(2, '0'))].join(':')
}
