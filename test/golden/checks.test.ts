/**
 * Golden cases of `gantry build --check` and `--call`: `checks/<case>/Dockerfile` and `calls/<case>/Dockerfile`,
 * and beside them in `check.txt`, `outline.txt` and `targets.txt` what buildx prints, byte for byte. No update
 * mode: the texts are taken from Docker's own.
 */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import test from 'node:test'
import { toInspectedBody } from '#api/build/event-body.ts'
import { inspectDockerfile } from '#build/builder/inspect.ts'
import { inspectedText } from '#cli/build/report.ts'
import type { Image } from '#image/types.ts'
import { parseIgnoreFile } from '#oci/ignore.ts'
import { hostPlatform } from '#oci/platform.ts'

/** `options.json` of a case: what the command line would have said. */
interface CaseOptions {
  readonly target?: string
  readonly buildArgs?: Readonly<Record<string, string>>
}

const busybox: Pick<Image, 'platform' | 'config'> = {
  platform: hostPlatform(),
  config: {
    ...hostPlatform(),
    config: { Cmd: ['/bin/sh'] },
    rootfs: { type: 'layers', diff_ids: [] },
  },
}

function readOr(path: string, fallback: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : fallback
}

function callText(directory: string, call: 'check' | 'outline' | 'targets'): string {
  const options: CaseOptions = JSON.parse(readOr(`${directory}/options.json`, '{}'))
  const dockerfile = {
    name: 'Dockerfile',
    text: readFileSync(`${directory}/Dockerfile`, 'utf8'),
  }
  const images = {
    find: (name: string) => (name === 'busybox' ? (busybox as Image) : undefined),
  }
  const outcome = inspectDockerfile(images, {
    dockerfile,
    call,
    buildArgs: new Map(Object.entries(options.buildArgs ?? {})),
    ignore: parseIgnoreFile(readOr(`${directory}/.dockerignore`, '')),
    ...(options.target !== undefined && { target: options.target }),
  })
  return inspectedText(toInspectedBody(outcome, dockerfile)).text
}

const cases = globSync(`${import.meta.dirname}/checks/*/Dockerfile`).toSorted()
const calls = globSync(`${import.meta.dirname}/calls/*/Dockerfile`).toSorted()

test('there are cases of checks', () => {
  assert.ok(cases.length >= 60, `only ${cases.length} cases were found`)
})

for (const file of cases) {
  const directory = file.slice(0, -'/Dockerfile'.length)
  test(`check: ${directory.slice(directory.lastIndexOf('/') + 1)}`, () => {
    assert.equal(callText(directory, 'check'), readFileSync(`${directory}/check.txt`, 'utf8'))
  })
}

for (const file of calls) {
  const directory = file.slice(0, -'/Dockerfile'.length)
  for (const call of ['outline', 'targets'] as const) {
    test(`${call}: ${directory.slice(directory.lastIndexOf('/') + 1)}`, () => {
      assert.equal(callText(directory, call), readFileSync(`${directory}/${call}.txt`, 'utf8'))
    })
  }
}
