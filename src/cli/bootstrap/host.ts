/** What this machine says of itself and of its package sources. */
import { globSync, readFileSync } from 'node:fs'
import { errnoOf } from '#base/errors.ts'
import { type PackageSource, parseSources } from '#cli/bootstrap/sources.ts'

export function hostSources(): PackageSource[] {
  const files = globSync('/etc/apt/sources.list.d/*.{list,sources}').toSorted()
  return ['/etc/apt/sources.list', ...files].flatMap((path) => parseSources(readText(path)))
}

export interface HostRelease {
  /** `debian`. */
  readonly id: string
  /** `bookworm`. */
  readonly suite: string
}

/** From os-release(5); empty where the file is silent. */
export function hostRelease(): HostRelease {
  const text = readText('/etc/os-release')
  const value = (name: string) =>
    new RegExp(`^${name}="?([^"\n]*)"?$`, 'm').exec(text)?.[1]?.trim() ?? ''
  return { id: value('ID'), suite: value('VERSION_CODENAME') }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'EACCES'].includes(errnoOf(error) ?? '')) return ''
    throw error
  }
}
