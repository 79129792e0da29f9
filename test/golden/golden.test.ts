/**
 * What the command line prints, compared with files. A case is a folder below `cli/`:
 * `args` holds one argument per line; `stdout`, `stderr` and `code` what it must answer.
 * `GOLDEN_UPDATE=1 node --test test/golden` rewrites them; the difference is reviewed as code.
 */
import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { run } from '#test/support/commands.ts'
import { projectRoot } from '#test/support/paths.ts'

const isUpdate = process.env['GOLDEN_UPDATE'] === '1'
const command = join(projectRoot, 'src', 'cli', 'main.ts')
const cases = globSync(join(import.meta.dirname, 'cli', '*', 'args')).map(dirname)

test('there are golden cases', () => {
  assert.ok(cases.length > 0)
})

for (const folder of cases.toSorted()) {
  const name = folder.slice(import.meta.dirname.length + 1)
  test(name, async () => {
    const args = readFileSync(join(folder, 'args'), 'utf8').trimEnd().split('\n')
    // No engine answers here: these are the answers that need none.
    const env = { DOCKER_HOST: 'unix:///nonexistent/gantry.sock', DOCKER_CONFIG: '/nonexistent' }
    const { stdout, stderr, code } = await run(process.execPath, [command, ...args], { env })
    const actual = { stdout, stderr, code: `${code}\n` }
    for (const [file, text] of Object.entries(actual)) {
      const path = join(folder, file)
      if (isUpdate) writeFileSync(path, text)
      else assert.equal(text, readFileSync(path, 'utf8'), `${name}/${file}`)
    }
  })
}
