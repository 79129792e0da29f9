import { text } from 'node:stream/consumers'
import { isatty } from 'node:tty'
import { EngineError, errorKind } from '#base/errors.ts'
import type { Command, CommandContext } from '#cli/command.ts'
import { storeCredentials } from '#cli/config/credential-store.ts'
import { dockerHubKey, findCredentials, serverOf } from '#cli/config/credentials.ts'
import { configPath } from '#cli/config/settings.ts'
import { ask } from '#cli/terminal/prompt.ts'
import type { AuthConfig } from '#wire/system.ts'

export const command: Command = {
  usage: '[OPTIONS] [SERVER]',
  args: { min: 0, max: 1 },
  declare(flags) {
    const password = flags.text('password', 'Password or Personal Access Token (PAT)', {
      short: 'p',
    })
    const fromStdin = flags.bool(
      'password-stdin',
      'Take the Password or Personal Access Token (PAT) from stdin',
    )
    const username = flags.text('username', 'Username', { short: 'u' })
    return async ([address = dockerHubKey], context) => {
      const server = serverOf(address)
      const given = { username: username.value, password: password.value }
      if (password.isSet) warnOfArgument(context, fromStdin.value)
      if (fromStdin.value && given.username === '') {
        throw new EngineError(
          'invalid_argument',
          'the --password-stdin option requires --username to be set',
        )
      }
      if (fromStdin.value) given.password = (await text(process.stdin)).replace(/\r?\n$/, '')
      const isStored = given.username === '' && given.password === ''
      if (isStored && (await tryStored(context, server))) return 0
      await logIn(context, server, await complete(context, given))
      return 0
    }
  },
}

function warnOfArgument({ output }: CommandContext, isFromStdin: boolean): void {
  if (isFromStdin) {
    const message = 'conflicting options: cannot specify both --password and --password-stdin'
    throw new EngineError('invalid_argument', message)
  }
  output.writeError('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n')
}

/** True when the credentials that are kept already are still good. */
async function tryStored(context: CommandContext, server: string): Promise<boolean> {
  const stored = await findCredentials(context.settings.file, server)
  if (!stored) return false
  const who = stored.username === undefined ? '' : ` [Username: ${stored.username}]`
  context.output.writeError(`Authenticating with existing credentials...${who}\n`)
  try {
    await logIn(context, server, stored)
    return true
  } catch (error) {
    if (errorKind(error) !== 'unauthenticated') throw error
    context.output.writeError('Login did not succeed, error: the stored credentials are refused\n')
    return false
  }
}

/** Asks for what is missing. @throws EngineError invalid_argument without a terminal */
async function complete(
  { output }: CommandContext,
  given: { readonly username: string; readonly password: string },
): Promise<AuthConfig> {
  if (given.username !== '' && given.password !== '') return given
  if (!isatty(0)) {
    throw new EngineError(
      'invalid_argument',
      'Error: Cannot perform an interactive login from a non TTY device',
    )
  }
  const username = given.username || (await ask(output, 'Username: ')).trim()
  if (username === '') throw new EngineError('invalid_argument', 'username is required')
  const password = given.password || (await ask(output, 'Password: ', { isSecret: true }))
  if (password === '') throw new EngineError('invalid_argument', 'password is required')
  return { username, password }
}

/** Nothing is stored unless the registry accepts it. */
async function logIn(context: CommandContext, server: string, auth: AuthConfig): Promise<void> {
  const { client, output, settings } = context
  const reply = await client.system.login({ ...auth, serveraddress: server })
  const kept = reply.IdentityToken === '' ? auth : { ...auth, identitytoken: reply.IdentityToken }
  if (await storeCredentials(settings, server, kept)) {
    output.writeError(`
WARNING! Your credentials are stored unencrypted in '${configPath(settings)}'.
Configure a credential helper to remove this warning. See
https://docs.docker.com/go/credential-store/

`)
  }
  output.write(`${reply.Status}\n`)
}
