/**
 * A netlink socket. The kernel answers within `send`, so the calls are
 * synchronous and never wait for anything but the kernel's own locks. The socket belongs to
 * the network namespace it was opened in, for as long as it lives.
 */
import { EngineError } from '#base/errors.ts'
import {
  decodeAnswers,
  encodeMessage,
  messageFlag,
  type NetlinkAnswer,
  type NetlinkRequest,
} from '#sys/netlink/codec.ts'
import { checked, libcFunction, sysError } from '#sys/ffi.ts'
import { closeDescriptor } from '#sys/files.ts'
import { openSocket } from '#sys/socket.ts'

const sendCall = libcFunction<[fd: number, bytes: Uint8Array, size: number, flags: number]>(
  'long send(int fd, const void *bytes, size_t size, int flags)',
)
const recvCall = libcFunction<[fd: number, bytes: Uint8Array, size: number, flags: number]>(
  'long recv(int fd, void *bytes, size_t size, int flags)',
)

export const netlinkFamily = 16

/** NETLINK_ROUTE and NETLINK_NETFILTER. */
export const netlinkProtocol = { route: 0, netfilter: 12 } as const

export interface Netlink extends Disposable {
  /** Sends one request and waits for its acknowledgement. @throws EngineError with the errno */
  request(request: NetlinkRequest): void
  /** Sends one request that is answered by one message, and gives that message's body. */
  query(request: NetlinkRequest): Buffer
  /** The bodies of all messages of a dump. */
  dump(request: NetlinkRequest): Buffer[]
}

/** Opens a socket in the network namespace of the calling thread. */
export function openNetlink(protocol: number = netlinkProtocol.route): Netlink {
  const fd = openSocket({ family: netlinkFamily, type: 'raw', protocol, isBlocking: true })
  const reply = Buffer.alloc(64 * 1024)
  let sequence = 0

  function send(request: NetlinkRequest, flags: number): void {
    const message = encodeMessage(request, messageFlag.request | flags, ++sequence)
    checked(request.action, sendCall(fd, message, message.length, 0))
  }

  function receive(action: string): NetlinkAnswer[] {
    const size = checked(action, recvCall(fd, reply, reply.length, 0))
    return decodeAnswers(reply.subarray(0, size))
  }

  return {
    request(request) {
      send(request, messageFlag.ack)
      for (;;) {
        for (const answer of receive(request.action)) {
          if (answer.kind !== 'message') return refuseErrno(request.action, answer.errno)
        }
      }
    },
    query(request) {
      send(request, 0)
      const [answer] = receive(request.action)
      if (answer?.kind === 'message') return Buffer.from(answer.body)
      refuseErrno(request.action, answer?.errno ?? 0)
      throw new EngineError('data_loss', `${request.action}: the kernel gave no answer`)
    },
    dump(request) {
      send(request, 0)
      const bodies: Buffer[] = []
      for (;;) {
        for (const answer of receive(request.action)) {
          if (answer.kind === 'message') bodies.push(Buffer.from(answer.body))
          else {
            refuseErrno(request.action, answer.errno)
            return bodies
          }
        }
      }
    },
    [Symbol.dispose]: () => closeDescriptor(fd),
  }
}

function refuseErrno(action: string, errno: number): void {
  if (errno !== 0) throw sysError(action, errno)
}
