/** One repository, at the first of its registry's endpoints that serves it. */
import { EngineError } from '#base/errors.ts'
import type { Descriptor } from '#oci/descriptor.ts'
import type { Reference } from '#oci/reference.ts'
import type { Authorizer } from '#registry/authorizer.ts'
import { fetchBlobBytes } from '#registry/blobs.ts'
import type { Contacts } from '#registry/contacts.ts'
import { pullError } from '#registry/fault.ts'
import type { Endpoint } from '#registry/hosts.ts'
import { fetchManifestBytes, resolveManifest } from '#registry/manifests.ts'
import { hasBlob, uploadBlob, uploadManifest } from '#registry/push.ts'
import { openSession, type Session } from '#registry/session.ts'
import { listTags } from '#registry/tag-list.ts'
import type { Transport } from '#registry/transport.ts'
import type { RegistryAccess, Repository } from '#registry/types.ts'

export interface RepositoryDeps {
  readonly transport: Transport
  readonly contacts: Contacts
  readonly authorizer: Authorizer
  readonly endpoints: readonly Endpoint[]
}

export function openRepository(
  deps: RepositoryDeps,
  reference: Reference,
  access: RegistryAccess,
): Repository {
  const sessions = createSessions(deps, reference, access)
  return {
    reference,
    resolve: (signal) =>
      sessions.first((session) => resolveManifest(session, reference, signal), signal),
    listTags: (signal) => sessions.first((session) => listTags(session, reference, signal), signal),
    fetchManifest: (descriptor, signal) =>
      sessions.first(
        (session) => fetchManifestBytes(session, { descriptor, reference }, signal),
        signal,
      ),
    fetchBlob: (descriptor, offset, signal) =>
      fetchBlobBytes(
        {
          session: () => sessions.withBlob(descriptor, signal),
          descriptor,
          offset,
          toError: (fault) => pullError(fault, reference),
        },
        signal,
      ),
    hasBlob: async (digest, signal) => hasBlob(await sessions.own(signal), digest, signal),
    async pushBlob(upload, signal) {
      const session = await sessions.own(signal, upload.mountFrom)
      if (await hasBlob(session, upload.descriptor.digest, signal)) return 'existed'
      return await uploadBlob(session, upload, signal)
    },
    pushManifest: async (upload, signal) =>
      uploadManifest(await sessions.own(signal), upload, signal),
  }
}

interface Sessions {
  /** Tries mirrors, then the registry itself; the first success counts. */
  first<T>(work: (session: Session) => Promise<T>, signal: AbortSignal): Promise<T>
  /** A session of a place that holds the blob: a mirror may have the manifest and not its layers. */
  withBlob(descriptor: Descriptor, signal: AbortSignal): Promise<Session>
  /** The registry itself: never a mirror. */
  own(signal: AbortSignal, mountFrom?: string): Promise<Session>
}

function createSessions(
  deps: RepositoryDeps,
  reference: Reference,
  access: RegistryAccess,
): Sessions {
  const mirrors = deps.endpoints.filter(({ isMirror }) => isMirror)
  const origins = deps.endpoints.filter(({ isMirror }) => !isMirror)
  const open = async (
    endpoints: readonly Endpoint[],
    signal: AbortSignal,
    mountFrom?: string,
  ): Promise<Session> => {
    const contact = await deps.contacts.reach(endpoints, signal)
    return openSession({
      ...deps,
      contact,
      onUnreachable: () => deps.contacts.forget(contact),
      repository: reference.repository,
      access,
      ...(mountFrom === undefined ? {} : { mountFrom: [mountFrom] }),
    })
  }
  const first: Sessions['first'] = async (work, signal) => {
    for (const mirror of mirrors) {
      try {
        return await work(await open([mirror], signal))
      } catch (error) {
        // A mirror is a help, not an authority: whatever it fails with, the registry decides.
        if (signal.aborted || !(error instanceof EngineError)) throw error
      }
    }
    return await work(await open(origins, signal))
  }
  return {
    first,
    own: (signal, mountFrom) => open(origins, signal, mountFrom),
    withBlob: (descriptor, signal) =>
      mirrors.length === 0
        ? open(origins, signal)
        : first(async (session) => {
            const isOrigin = origins.some(({ baseUrl }) => baseUrl.href === session.baseUrl.href)
            if (isOrigin || (await hasBlob(session, descriptor.digest, signal))) return session
            throw new EngineError('not_found', `mirror ${session.baseUrl.host}: no such blob`)
          }, signal),
  }
}
