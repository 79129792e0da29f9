import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { instantFromMillis } from '#base/clock.ts'
import { type Logger, silentLogger } from '#base/log.ts'
import { openBuildLog } from '#build/builder/log-file.ts'

const vertex = { id: 'v1', name: '[1/2] RUN make', inputs: [] }
const at = (ms: number) => instantFromMillis(1_700_000_000_000 + ms)

function output(text: string) {
  return { type: 'vertex-output', id: 'v1', stream: 'stdout', chunk: Buffer.from(text) } as const
}

test('a log has one numbered group of lines per step', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-log-'))
  t.after(() => rmSync(directory, { recursive: true }))
  const path = join(directory, 'log')
  {
    using log = openBuildLog(path, silentLogger)
    log.write({ type: 'vertex-cached', vertex: { ...vertex, id: 'v0', name: 'FROM x' }, at: at(0) })
    log.write({ type: 'vertex-started', vertex, why: [], at: at(0) })
    log.write(output('one\ntwo\n'))
    log.write({ type: 'vertex-completed', vertex, at: at(1500) })
  }
  assert.equal(
    readFileSync(path, 'utf8'),
    '#1 FROM x\n#1 CACHED\n#2 [1/2] RUN make\n#2 one\n#2 two\n#2 DONE 1.5s\n',
  )
})

test('a full disk ends the log and not the build, and is told once', () => {
  const told: string[] = []
  const logger: Logger = { ...silentLogger, warn: (_fields, message) => void told.push(message) }
  using log = openBuildLog('/dev/full', logger)
  log.write({ type: 'vertex-started', vertex, why: [], at: at(0) })
  log.write(output('more\n'))
  assert.deepEqual(told, ['build log ends early'])
})
