import { createWriteStream, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { EngineError, errorMessage } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { platformQuery } from '#cli/platform-query.ts'

export const command: Command = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  args: { min: 1 },
  completes: 'images',
  declare(flags) {
    const target = flags.text('output', 'Write to a file, instead of STDOUT', { short: 'o' })
    const platform = flags.text('platform', 'Save only the given platform variant')
    return async (names, { client, output }) => {
      if (target.value === '' && output.columns('stdout') !== undefined) {
        throw new EngineError(
          'invalid_argument',
          'cowardly refusing to save to a terminal. Use the -o flag or redirect',
        )
      }
      if (target.value !== '') checkFolder(target.value)
      const archive = await client.images.save(names, { platform: platformQuery(platform.value) })
      if (target.value === '') {
        for await (const chunk of archive) await output.writeBytes(chunk)
      } else await writeWhole(target.value, archive)
      return 0
    }
  },
}

/** Before the engine is asked for anything. */
function checkFolder(path: string): void {
  const folder = dirname(path)
  if (existsSync(folder)) return
  const reason = `stat ${folder}: no such file or directory`
  throw new EngineError('not_found', `failed to save image: invalid output path: ${reason}`)
}

/** A regular file appears when it is complete; a device or pipe is written to. */
async function writeWhole(path: string, archive: AsyncIterable<Uint8Array>): Promise<void> {
  const isSpecial = statSync(path, { throwIfNoEntry: false })?.isFile() === false
  const target = isSpecial ? path : `${path}.partial-${process.pid}`
  try {
    await pipeline(archive, createWriteStream(target, { mode: 0o600 }))
    if (!isSpecial) await rename(target, path)
  } catch (error) {
    if (!isSpecial) await rm(target, { force: true })
    throw new EngineError('internal', `failed to save image: ${errorMessage(error)}`, {
      cause: error,
    })
  }
}
