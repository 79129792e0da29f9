import { errorKind } from '#base/errors.ts'
import { EngineError } from '#base/errors.ts'
import type { CommandContext } from '#cli/command.ts'
import { errorText, exitCodes } from '#cli/failures.ts'
import type { Output } from '#cli/output.ts'
import { formatJson, parseJson } from '#client/json.ts'
import type { JsonSchema } from '#wire/schema.ts'

export interface InspectOptions {
  readonly format: string
  /** The JSON of one object. @throws EngineError not_found */
  readonly read: (name: string) => Promise<ObjectText>
}

export type ObjectKind = 'container' | 'image' | 'network' | 'volume'

export interface ObjectText {
  readonly kind: ObjectKind
  readonly text: string
}

/** Throws EngineError for an object that the form cannot show. */
type Write = (object: unknown, kind: ObjectKind) => string | Promise<string>

/**
 * Prints objects as one JSON array, or each through a template. What cannot be read or
 * shown is told on stderr after the rest; the exit code is 1 then.
 */
export async function inspectObjects(
  names: readonly string[],
  { output }: CommandContext,
  { format, read }: InspectOptions,
): Promise<number> {
  const isJson = format === '' || format === 'json'
  const write = isJson ? undefined : await templateWriter(format, output)
  if (!isJson && !write) return exitCodes.template
  const objects: unknown[] = []
  const texts: string[] = []
  const failures: string[] = []
  for (const name of names) {
    try {
      const { kind, text } = await read(name)
      const object: unknown = parseJson(text)
      if (write) texts.push(await write(object, kind))
      else objects.push(object)
    } catch (error) {
      if (errorKind(error) === 'unavailable') throw error
      failures.push(errorText(error))
    }
  }
  output.write(write ? texts.join('') || '\n' : `${formatJson(objects, format === '' ? 4 : 0)}\n`)
  if (failures.length > 0) output.writeError(`${failures.join('\n')}\n`)
  return failures.length > 0 ? exitCodes.failure : 0
}

async function templateWriter(format: string, output: Output): Promise<Write | undefined> {
  const { objectTemplate } = await import('#cli/format/object-template.ts')
  const { withTypes } = await import('#cli/template/typed.ts')
  const template = objectTemplate(format, output)
  if (!template) return undefined
  return async (object, kind) => `${template(withTypes(object, await schemas[kind]()))}\n`
}

const schemas: Readonly<Record<ObjectKind, () => Promise<JsonSchema>>> = {
  container: async () => (await import('#wire/containers.ts')).ContainerInspect,
  image: async () => (await import('#wire/images.ts')).ImageInspect,
  network: async () => (await import('#wire/networks.ts')).NetworkInspect,
  volume: async () => (await import('#wire/volumes.ts')).VolumeBody,
}

/** The kinds of objects that `gantry inspect` looks for, in Docker's order. */
const readers: Readonly<
  Record<ObjectKind, (context: CommandContext, name: string, size: boolean) => Promise<string>>
> = {
  container: ({ client }, name, size) => client.containers.inspectText(name, { size }),
  image: ({ client }, name) => client.images.inspectText(name),
  network: ({ client }, name) => client.networks.inspectText(name),
  volume: ({ client }, name) => client.volumes.inspectText(name),
}

const kinds: readonly ObjectKind[] = ['container', 'image', 'network', 'volume']

/** @throws EngineError invalid_argument for a `--type` that no object has */
export function checkObjectType(type: string): void {
  if (type === '' || kinds.some((kind) => kind === type)) return
  const known = kinds.map((kind) => `"${kind}"`).join(', ')
  throw new EngineError('invalid_argument', `unknown type: "${type}": must be one of ${known}`)
}

/**
 * Reads an object of `type`, or of the first kind that has one of this name.
 * @throws EngineError not_found in Docker's words
 */
export async function readAnyObject(
  context: CommandContext,
  name: string,
  { type, size }: { readonly type: string; readonly size: boolean },
): Promise<ObjectText> {
  for (const kind of kinds) {
    if (type !== '' && kind !== type) continue
    try {
      return { kind, text: await readers[kind](context, name, size) }
    } catch (error) {
      if (type !== '' || errorKind(error) !== 'not_found') throw error
    }
  }
  throw new EngineError('not_found', `Error: No such object: ${name}`)
}
