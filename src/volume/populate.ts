/**
 * Copy-up: a new volume takes the content that the image has at its mount
 * point. A marker beside `_data` says that the copy is under way, so that one cut
 * short is emptied at the next start instead of passing for the whole.
 */
import { open, readdir, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { EngineError } from '#base/errors.ts'
import { runCommand } from '#sys/process.ts'
import type { Volume } from '#volume/types.ts'

const markerName = 'copying'

/**
 * Copies the directory `source` (a host path, resolved inside the image's root by
 * the caller) into an empty volume: owners, modes, times, extended attributes,
 * hard and symbolic links as they are. A volume with content is left alone.
 * @throws EngineError when the copy fails; the volume is empty then
 */
export async function copyUp(root: string, volume: Volume, source: string): Promise<void> {
  if ((await readdir(volume.mountpoint)).length > 0) return
  const marker = join(root, volume.name, markerName)
  await (await open(marker, 'w')).close()
  // cp(1) with -a never follows a link inside the tree; `/.` carries the directory's own owner and mode.
  const { code, stderr } = await runCommand('/bin/cp', [
    '-a',
    '--',
    `${source}/.`,
    volume.mountpoint,
  ])
  if (code !== 0) {
    await empty(volume.mountpoint)
    await unlink(marker)
    throw new EngineError(
      'internal',
      `populate volume "${volume.name}": copy failed: ${String(stderr).trim()}`,
    )
  }
  await unlink(marker)
}

export async function dropPartialCopies(root: string, volumes: readonly Volume[]): Promise<void> {
  for (const volume of volumes) {
    const directory = join(root, volume.name)
    const names: readonly string[] = await readdir(directory).catch(() => [])
    if (!names.includes(markerName)) continue
    await empty(volume.mountpoint)
    await unlink(join(directory, markerName))
  }
}

async function empty(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    await rm(join(directory, name), { recursive: true, force: true })
  }
}
