import { mkdtempSync, readdirSync, lstatSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A directory of the test's own, removed with it. */
export function temporaryDirectory(t: TestContext, name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `gantry-${name}-`))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** One line per entry below `directory`: path, type, mode, owner, device, and content or target. */
export function describeTree(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).toSorted()
  return names.map((name) => {
    const path = join(directory, name)
    const stats = lstatSync(path)
    const mode = (stats.mode & 0o7777).toString(8)
    const owner = `${stats.uid}:${stats.gid}`
    if (stats.isSymbolicLink()) return `${name} link ${owner} ${readlinkSync(path)}`
    if (stats.isFile()) return `${name} file ${mode} ${owner} ${readFileSync(path, 'latin1')}`
    if (stats.isDirectory()) return `${name} directory ${mode} ${owner}`
    const type = stats.isFIFO() ? 'fifo' : stats.isCharacterDevice() ? 'character' : 'block'
    return `${name} ${type} ${mode} ${owner} ${stats.rdev}`
  })
}
