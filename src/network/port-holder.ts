/** Host ports as bound sockets: what no other container and no other program may take. */
import { EngineError, errnoOf } from '#base/errors.ts'
import { formatHostPort } from '#base/host-port.ts'
import type { HoldOutcome } from '#network/port-choice.ts'
import { createPortTable, type HostPort } from '#network/port-table.ts'
import { reservePort, type HeldPort } from '#sys/reserve.ts'

export interface PortHolder {
  /** @throws EngineError invalid_argument for an address that this machine does not have */
  tryHold(port: HostPort): HoldOutcome
  /** Marks the port as ours even when its socket cannot be had. */
  holdAnyway(port: HostPort): HoldOutcome
  /** Hands the socket over to who will serve it; the port stays marked until `release`. */
  takeSocket(port: HostPort): HeldPort | undefined
  /** Idempotent. */
  release(port: HostPort): void
}

export function createPortHolder(): PortHolder {
  const table = createPortTable()
  const sockets = new Map<string, HeldPort>()

  function tryHold(port: HostPort): HoldOutcome {
    if (!table.take(port)) return 'allocated'
    try {
      const socket = bind(port)
      if (socket) {
        sockets.set(keyOf(port), socket)
        return 'held'
      }
    } catch (error) {
      table.release(port)
      throw error
    }
    table.release(port)
    return 'in-use'
  }

  return {
    tryHold,
    holdAnyway(port) {
      try {
        const outcome = tryHold(port)
        if (outcome === 'in-use') table.take(port)
        return outcome
      } catch (error) {
        if (errnoOf(error) === undefined) throw error
        table.take(port)
        return 'in-use'
      }
    },
    takeSocket(port) {
      const socket = sockets.get(keyOf(port))
      sockets.delete(keyOf(port))
      return socket
    },
    release(port) {
      sockets.get(keyOf(port))?.[Symbol.dispose]()
      sockets.delete(keyOf(port))
      table.release(port)
    },
  }
}

function bind(port: HostPort): HeldPort | undefined {
  const { protocol, hostAddress: address, hostPort } = port
  try {
    return reservePort({ protocol, address, port: hostPort })
  } catch (error) {
    if (errnoOf(error) !== 'EADDRNOTAVAIL') throw error
    const host = formatHostPort(address, hostPort)
    throw new EngineError(
      'invalid_argument',
      `failed to bind host port for ${host}: cannot assign requested address`,
      { cause: error, hint: 'no interface of this machine has that address' },
    )
  }
}

function keyOf(port: HostPort): string {
  return `${port.protocol} ${port.hostAddress} ${port.hostPort}`
}
