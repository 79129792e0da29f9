import { errorKind } from '#base/errors.ts'
import { EngineError } from '#base/errors.ts'
import type { CommandContext } from '#cli/command.ts'
import { errorText } from '#cli/failures.ts'
import { unescapeFormat } from '#cli/format/list.ts'
import { formatJson, parseJson } from '#client/json.ts'

export interface InspectOptions {
  readonly format: string
  /** The JSON of one object. @throws EngineError not_found */
  readonly read: (name: string) => Promise<string>
}

/**
 * Prints objects as one JSON array, or each through a template. What cannot be read
 * is told on stderr after the rest; the exit code is 1 then.
 */
export async function inspectObjects(
  names: readonly string[],
  { output }: CommandContext,
  { format, read }: InspectOptions,
): Promise<number> {
  const write = await createWriter(format)
  const objects: unknown[] = []
  const failures: string[] = []
  for (const name of names) {
    try {
      objects.push(parseJson(await read(name)))
    } catch (error) {
      if (errorKind(error) === 'unavailable') throw error
      failures.push(errorText(error))
    }
  }
  output.write(write(objects))
  if (failures.length > 0) output.writeError(`${failures.join('\n')}\n`)
  return failures.length > 0 ? 1 : 0
}

async function createWriter(format: string): Promise<(objects: readonly unknown[]) => string> {
  if (format === '') return (objects) => `${formatJson(objects, 4)}\n`
  if (format === 'json') return (objects) => `${formatJson(objects)}\n`
  const { compileTemplate } = await import('#cli/template/template.ts')
  const template = compileTemplate(unescapeFormat(format))
  return (objects) => objects.map((object) => `${template(object)}\n`).join('')
}

/** The kinds of objects that `gantry inspect` looks for, in Docker's order. */
const readers: Readonly<
  Record<string, (context: CommandContext, name: string, size: boolean) => Promise<string>>
> = {
  container: ({ client }, name, size) => client.containers.inspectText(name, { size }),
  image: ({ client }, name) => client.images.inspectText(name),
  network: ({ client }, name) => client.networks.inspectText(name),
  volume: ({ client }, name) => client.volumes.inspectText(name),
}

/**
 * Reads an object of `type`, or of the first kind that has one of this name.
 * @throws EngineError not_found in Docker's words
 */
export async function readAnyObject(
  context: CommandContext,
  name: string,
  { type, size }: { readonly type: string; readonly size: boolean },
): Promise<string> {
  if (type !== '' && !Object.hasOwn(readers, type)) {
    throw new EngineError('invalid_argument', `"${type}" is not a valid value for --type`)
  }
  for (const [kind, read] of Object.entries(readers)) {
    if (type !== '' && kind !== type) continue
    try {
      return await read(context, name, size)
    } catch (error) {
      if (type !== '' || errorKind(error) !== 'not_found') throw error
    }
  }
  throw new EngineError('not_found', `Error: No such object: ${name}`)
}
