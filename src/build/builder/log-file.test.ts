import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { now } from '#base/clock.ts'
import { type Logger, silentLogger } from '#base/log.ts'
import { openBuildLog } from '#build/builder/log-file.ts'
import type { BuildEvent } from '#build/types.ts'

test('the log of a build is plain progress: whole lines, grouped by vertex', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gantry-log-'))
  const path = join(directory, 'log')
  const [one, two, three] = ['one', 'two', 'three'].map((id) => ({
    id,
    name: `[${id}] RUN ${id}`,
    inputs: [],
  }))
  assert.ok(one && two && three)
  const said = (id: string, text: string): BuildEvent => ({
    type: 'vertex-output',
    id,
    stream: 'stdout',
    chunk: Buffer.from(text),
  })
  const done = { id: 'x', text: 'exporting layers', currentBytes: 0 }
  try {
    {
      using log = openBuildLog(path, silentLogger)
      log.write({ type: 'vertex-cached', vertex: one, at: now() })
      log.write({ type: 'vertex-started', vertex: two, why: [], at: now() })
      log.write(said('two', 'first\nha'))
      log.write({ type: 'vertex-started', vertex: three, why: [], at: now() })
      log.write({ type: 'vertex-status', id: 'three', status: done })
      log.write(said('two', 'lf\nrest'))
      log.write({ type: 'vertex-completed', vertex: two, at: now() })
      log.write({ type: 'vertex-failed', vertex: three, message: 'no', at: now() })
    }
    assert.equal(
      readFileSync(path, 'utf8').replaceAll(/\d\.\d{3} /g, 'T '),
      [
        '#1 [one] RUN one\n#1 CACHED\n',
        '#2 [two] RUN two\n#2 T first\n',
        '#3 [three] RUN three\n#3 exporting layers done\n',
        '#2 [two] RUN two\n#2 T half\n#2 T rest\n#2 DONE 0.0s\n',
        '#3 [three] RUN three\n#3 ERROR: no\n',
      ].join('\n'),
    )
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('a full disk ends the log and not the build, and is told once', () => {
  const told: string[] = []
  const logger: Logger = { ...silentLogger, warn: (_fields, message) => void told.push(message) }
  const vertex = { id: 'v1', name: '[1/2] RUN make', inputs: [] }
  using log = openBuildLog('/dev/full', logger)
  log.write({ type: 'vertex-started', vertex, why: [], at: now() })
  const chunk = Buffer.from('one\nmore\n')
  log.write({ type: 'vertex-output', id: 'v1', stream: 'stdout', chunk })
  assert.deepEqual(told, ['build log ends early'])
})
