import { createAuthorizer } from '#registry/authorizer.ts'
import { createContacts } from '#registry/contacts.ts'
import { createInsecureCheck, endpointsOf } from '#registry/hosts.ts'
import { checkLogin } from '#registry/login.ts'
import { openRepository } from '#registry/repository.ts'
import { createTokenSource } from '#registry/tokens.ts'
import { openTransport } from '#registry/transport.ts'
import type { RegistryClient, RegistryOptions } from '#registry/types.ts'

const defaultIdleTimeoutMs = 30_000

/**
 * Opens a registry client: no traffic, no connection and no HTTP library until the first request.
 * @throws EngineError invalid_argument for an insecure registry that is neither host nor CIDR
 */
export function openRegistryClient(options: RegistryOptions): RegistryClient {
  const isInsecure = createInsecureCheck(options.insecureRegistries)
  const transport = openTransport({
    userAgent: options.userAgent,
    idleTimeoutMs: options.idleTimeoutMs ?? defaultIdleTimeoutMs,
    isInsecure,
    certificateDirectories: options.certificateDirectories ?? [],
  })
  const contacts = createContacts(transport)
  const tokens = createTokenSource(transport)
  const authorizer = createAuthorizer(tokens, isInsecure)
  const endpoints = (registry: string) =>
    endpointsOf(registry, { mirrors: options.mirrors, isInsecure })
  return {
    repository: (reference, access) =>
      openRepository(
        { transport, contacts, authorizer, endpoints: endpoints(reference.registry) },
        reference,
        access,
      ),
    login: (registry, auth, signal) =>
      checkLogin(
        { transport, contacts, tokens, isInsecure },
        { endpoints: endpoints(registry).filter(({ isMirror }) => !isMirror), auth },
        signal,
      ),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  }
}
