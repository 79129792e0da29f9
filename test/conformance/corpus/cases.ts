import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { decodeRequest } from '#wire/decode.ts'
import { bool, list, partial, text } from '#wire/schema.ts'
import type { Static } from '#wire/schema.ts'
import { projectRoot } from '#test/support/paths.ts'
import { runOk } from '#test/support/commands.ts'

/** What a case's optional `case.json` says. */
const caseSchema = partial({
  /** More arguments of `build`. */
  args: list(text),
  /** A Dockerfile that is built first, as `onbuild-base`. */
  base: text,
  /** Paths whose contents differ from one run to the next: logs, package indexes, compiled code. */
  ignore: list(text),
  /** Why Docker's builder of this version cannot build it. */
  peerLacks: text,
  /** Why the times of files differ, and are not compared. */
  timesDiffer: text,
  /** The context is served on loopback and its address is the build argument REMOTE. */
  serves: bool,
})

export interface CorpusCase extends Static<typeof caseSchema> {
  readonly name: string
  /** The context, prepared by the case's `prepare.sh`. */
  readonly context: string
}

const folder = `${projectRoot}/test/conformance/dockerfiles`

/** Names of all cases, or of those that contain one of the words. */
export function caseNames(words: readonly string[]): string[] {
  const names = readdirSync(folder).toSorted()
  if (words.length === 0) return names
  return names.filter((name) => words.some((word) => name.includes(word)))
}

/** Copies the case to `context` and runs its `prepare.sh` there. */
export async function prepareCase(name: string, context: string): Promise<CorpusCase> {
  mkdirSync(context, { recursive: true })
  cpSync(`${folder}/${name}`, context, { recursive: true })
  const optionsPath = `${context}/case.json`
  const options: unknown = existsSync(optionsPath)
    ? JSON.parse(readFileSync(optionsPath, 'utf8'))
    : {}
  rmSync(optionsPath, { force: true })
  const script = `${context}/prepare.sh`
  if (existsSync(script)) {
    const input = readFileSync(script)
    rmSync(script)
    await runOk('sh', ['-es'], { cwd: context, input })
  }
  return { ...decodeRequest(caseSchema, options), name, context }
}
