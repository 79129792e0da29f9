import { existsSync, writeFileSync } from 'node:fs'
import { EngineError, errorKind, errorMessage } from '#base/errors.ts'
import type { CommandContext } from '#cli/command.ts'
import type { CreateFlags } from '#cli/create/body.ts'
import { parsePlatform } from '#oci/platform.ts'
import { parseReference } from '#oci/reference.ts'
import type { ContainerCreateBody } from '#wire/containers.ts'

/**
 * Creates the container; pulls the image first with `--pull always`, or when the
 * engine does not have it. Writes the cidfile, and warnings to stderr.
 * @throws EngineError of the engine; conflict when the cidfile is there already
 */
export async function createContainer(
  flags: CreateFlags,
  body: ContainerCreateBody,
  context: CommandContext,
): Promise<string> {
  const { client, output } = context
  const cidfile = flags.cidfile.value
  if (cidfile !== '') checkCidfile(cidfile)
  const image = body.Image ?? ''
  // A bare ID is no reference, and the engine's business.
  if (!/^[0-9a-f]{64}$/.test(image)) parseReference(image)
  const options = { name: flags.name.value || undefined, platform: platformOf(flags, context) }
  const create = () => client.containers.create(body, options)
  if (flags.pull.value === 'always') await pull(flags, image, context)
  const created = await create().catch(async (error: unknown) => {
    if (!isImageMissing(error) || flags.pull.value !== 'missing') throw error
    const { canonicalTag } = await import('#cli/image-name.ts')
    if (!flags.quiet.value) {
      output.writeError(`Unable to find image '${canonicalTag(image)}' locally\n`)
    }
    await pull(flags, image, context)
    return create()
  })
  for (const warning of created.Warnings ?? []) output.writeError(`WARNING: ${warning}\n`)
  if (cidfile !== '') writeFileSync(cidfile, created.Id)
  return created.Id
}

function isImageMissing(error: unknown): boolean {
  const text = errorMessage(error)
  return (
    errorKind(error) === 'not_found' &&
    (/No such image/i.test(text) || text.includes('does not match the specified platform'))
  )
}

/** @throws EngineError invalid_argument */
function platformOf(flags: CreateFlags, { settings }: CommandContext): string | undefined {
  const text = flags.platform.value || settings.variables['DOCKER_DEFAULT_PLATFORM']
  if (text === undefined || text === '') return undefined
  try {
    parsePlatform(text)
    return text
  } catch (error) {
    const message = `error parsing specified platform: ${errorMessage(error)}`
    throw new EngineError('invalid_argument', message, { cause: error })
  }
}

async function pull(flags: CreateFlags, image: string, context: CommandContext): Promise<void> {
  const { pullImage } = await import('#cli/pull-image.ts')
  await pullImage(context, {
    image,
    platform: platformOf(flags, context),
    isQuiet: flags.quiet.value,
    stream: 'stderr',
  })
}

function checkCidfile(path: string): void {
  if (!existsSync(path)) return
  throw new EngineError(
    'conflict',
    `container ID file found, make sure the other container isn't running or delete ${path}`,
  )
}
