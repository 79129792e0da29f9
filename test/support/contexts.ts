/** Build contexts in a directory of the test's own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { CleanupScope } from '#test/support/engine.ts'

/** A directory with these files; removed at the end of the test. */
export function makeContext(
  scope: CleanupScope,
  files: Readonly<Record<string, string | Uint8Array>>,
): string {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-context-'))
  scope.after(async () => rmSync(directory, { recursive: true, force: true }))
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
  return directory
}
