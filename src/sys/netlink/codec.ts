/**
 * Netlink's wire form (netlink(7)): messages of a 16-byte header, a fixed body
 * and attributes of type-length-value. Pure; host byte order (little-endian on
 * every platform that is supported).
 */
import { EngineError } from '#base/errors.ts'

/** nlmsg_flags. */
export const messageFlag = {
  request: 0x1,
  multi: 0x2,
  ack: 0x4,
  dump: 0x300,
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
} as const

const headerBytes = 16
const typeError = 2
const typeDone = 3
const nestedBit = 0x8000
const attributeTypeMask = 0x3fff

/** One request, before a socket gives it its sequence number. */
export interface NetlinkRequest {
  readonly type: number
  /** A union of `messageFlag` values; `request` and `ack` are added by the socket. */
  readonly flags: number
  readonly body: Buffer
  /** What it does and to what, for the error text: `add link "veth1"`. */
  readonly action: string
}

/** What one datagram of the kernel's answer holds. */
export type NetlinkAnswer =
  | { readonly kind: 'message'; readonly type: number; readonly body: Buffer }
  /** errno 0 is an acknowledgement. */
  | { readonly kind: 'status'; readonly errno: number }
  | { readonly kind: 'done'; readonly errno: number }

/** Lays header and body out; the kernel wants the length of the whole. */
export function encodeMessage(request: NetlinkRequest, flags: number, sequence: number): Buffer {
  const message = Buffer.alloc(headerBytes + request.body.length)
  message.writeUInt32LE(message.length, 0)
  message.writeUInt16LE(request.type, 4)
  message.writeUInt16LE(flags | request.flags, 6)
  message.writeUInt32LE(sequence, 8)
  request.body.copy(message, headerBytes)
  return message
}

/** Splits a datagram. @throws EngineError data_loss for a length that does not fit */
export function decodeAnswers(datagram: Buffer): NetlinkAnswer[] {
  const answers: NetlinkAnswer[] = []
  for (let offset = 0; offset + headerBytes <= datagram.length;) {
    const length = datagram.readUInt32LE(offset)
    if (length < headerBytes || offset + length > datagram.length) {
      throw new EngineError('data_loss', `decode netlink message: length ${length} does not fit`)
    }
    const type = datagram.readUInt16LE(offset + 4)
    answers.push(answerOf(type, datagram.subarray(offset + headerBytes, offset + length)))
    offset += aligned(length)
  }
  return answers
}

function answerOf(type: number, body: Buffer): NetlinkAnswer {
  if (type === typeError) return { kind: 'status', errno: -body.readInt32LE(0) }
  if (type === typeDone) {
    return { kind: 'done', errno: body.length >= 4 ? -body.readInt32LE(0) : 0 }
  }
  return { kind: 'message', type, body }
}

/** One attribute, padded to four bytes. */
export function attribute(type: number, value: Buffer): Buffer {
  const encoded = Buffer.alloc(aligned(4 + value.length))
  encoded.writeUInt16LE(4 + value.length, 0)
  encoded.writeUInt16LE(type, 2)
  value.copy(encoded, 4)
  return encoded
}

/** An attribute that holds attributes, as rtnetlink takes them: without NLA_F_NESTED. */
export function group(type: number, ...attributes: readonly Buffer[]): Buffer {
  return attribute(type, Buffer.concat(attributes))
}

/** An attribute that holds attributes, marked so (NLA_F_NESTED), as netfilter wants it. */
export function nested(type: number, ...attributes: readonly Buffer[]): Buffer {
  return group(type | nestedBit, ...attributes)
}

/** A NUL-terminated text attribute. */
export function textAttribute(type: number, value: string): Buffer {
  return attribute(type, Buffer.from(`${value}\0`))
}

export function u8Attribute(type: number, value: number): Buffer {
  return attribute(type, Buffer.from([value]))
}

export function u16Attribute(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return attribute(type, bytes)
}

/** Big-endian, as ports travel. */
export function u16NetworkAttribute(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(value)
  return attribute(type, bytes)
}

export function u32Attribute(type: number, value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value >>> 0)
  return attribute(type, bytes)
}

/** The attributes of `bytes` by type, without the nested and byte-order bits. */
export function decodeAttributes(bytes: Buffer): ReadonlyMap<number, Buffer> {
  const attributes = new Map<number, Buffer>()
  for (let offset = 0; offset + 4 <= bytes.length;) {
    const length = bytes.readUInt16LE(offset)
    if (length < 4 || offset + length > bytes.length) {
      throw new EngineError('data_loss', `decode netlink attribute: length ${length} does not fit`)
    }
    const type = bytes.readUInt16LE(offset + 2) & attributeTypeMask
    attributes.set(type, bytes.subarray(offset + 4, offset + length))
    offset += aligned(length)
  }
  return attributes
}

/** Text without its NUL; undefined when the attribute is absent. */
export function decodeText(value: Buffer | undefined): string | undefined {
  if (value === undefined) return undefined
  const end = value.indexOf(0)
  return value.toString('utf8', 0, end < 0 ? value.length : end)
}

function aligned(length: number): number {
  return (length + 3) & ~3
}
