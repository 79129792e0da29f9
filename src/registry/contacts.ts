/** The first exchange with a registry: which scheme it speaks and what it asks for. */
import { EngineError } from '#base/errors.ts'
import { type Challenge, parseChallenges } from '#registry/challenge.ts'
import { apiRootOf, type Endpoint } from '#registry/hosts.ts'
import { networkError } from '#registry/network-error.ts'
import type { Transport } from '#registry/transport.ts'

/** A registry that answered. */
export interface Contact {
  readonly endpoint: Endpoint
  readonly challenges: readonly Challenge[]
}

export interface Contacts {
  /** The first of `endpoints` that answers `GET /v2/`; remembered. @throws the last one's EngineError */
  reach(endpoints: readonly Endpoint[], signal: AbortSignal): Promise<Contact>
  /** After a failure: the registry may have moved to another scheme. */
  forget(contact: Contact): void
}

/** Answers are trusted this long before the registry is asked again. */
const lifetimeMs = 10 * 60_000

interface Known {
  readonly contact: Contact
  readonly untilMs: number
}

export function createContacts(transport: Transport): Contacts {
  const known = new Map<string, Known>()
  const reachOne = async (endpoint: Endpoint, signal: AbortSignal): Promise<Contact> => {
    const url = new URL(apiRootOf(endpoint.baseUrl))
    const response = await transport.send({ method: 'GET', url }, signal)
    await response.discard()
    const challenges = parseChallenges(response.header('www-authenticate'))
    const contact = { endpoint, challenges: response.status === 401 ? challenges : [] }
    if (response.status === 200 || response.status === 401) {
      known.set(endpoint.baseUrl.href, { contact, untilMs: Date.now() + lifetimeMs })
    }
    return contact
  }
  return {
    async reach(endpoints, signal) {
      for (const { baseUrl } of endpoints) {
        const found = known.get(baseUrl.href)
        if (found && found.untilMs > Date.now()) return found.contact
      }
      let failure: unknown
      for (const endpoint of endpoints) {
        try {
          return await reachOne(endpoint, signal)
        } catch (error) {
          if (signal.aborted || !(error instanceof EngineError)) throw error
          failure = error
        }
      }
      throw failure ?? networkError('GET', new URL('http://invalid/'), new Error('no endpoint'))
    },
    forget: ({ endpoint }) => void known.delete(endpoint.baseUrl.href),
  }
}
