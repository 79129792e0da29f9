/** Programs named `docker-credential-<name>` that keep credentials outside the configuration file. */
import { execFile } from 'node:child_process'
import { EngineError } from '#base/errors.ts'
import { parseJson } from '#client/json.ts'
import type { AuthConfig } from '#wire/system.ts'

interface HelperReply {
  readonly Username?: string
  readonly Secret?: string
}

/** What a helper says for an identity token instead of a user's name. */
const tokenUser = '<token>'

/** Runs `docker-credential-<name> get`; a helper without an entry, or that is missing, has none. */
export async function askHelper(name: string, server: string): Promise<AuthConfig | undefined> {
  const text = await runHelper(name, 'get', server).catch(() => undefined)
  if (text === undefined) return undefined
  const { Username, Secret } = parseJson<HelperReply>(text)
  return Username === tokenUser
    ? { identitytoken: Secret }
    : { username: Username, password: Secret }
}

/** @throws EngineError internal with the helper's own words */
export async function tellHelper(name: string, server: string, auth: AuthConfig): Promise<void> {
  const { identitytoken, password, username } = auth
  const entry = identitytoken
    ? { ServerURL: server, Username: tokenUser, Secret: identitytoken }
    : { ServerURL: server, Username: username ?? '', Secret: password ?? '' }
  await runHelper(name, 'store', JSON.stringify(entry))
}

/** @throws EngineError internal with the helper's own words */
export async function eraseFromHelper(name: string, server: string): Promise<void> {
  await runHelper(name, 'erase', server)
}

function runHelper(name: string, verb: 'get' | 'store' | 'erase', input: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const program = `docker-credential-${name}`
  const child = execFile(program, [verb], (error, stdout, stderr) => {
    if (!error) {
      resolve(stdout)
      return
    }
    const detail = stdout.trim() || stderr.trim() || error.message
    reject(new EngineError('internal', `${program} ${verb}: ${detail}`, { cause: error }))
  })
  child.stdin?.on('error', () => undefined)
  child.stdin?.end(input)
  return promise
}
