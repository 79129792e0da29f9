/** `--why`: what made the key of each step that ran differ from the nearest cached one. */
import type { BuildModel, ShownVertex } from '#cli/build/progress/model.ts'
import type { ReasonBody } from '#wire/build.ts'

const shownFiles = 10
const shownLetters = 80

export function explainBuild(model: BuildModel): string {
  const ran = model.vertices.filter(({ why }) => why.length > 0)
  const steps = ran.filter(({ name }) => !name.startsWith('[internal]'))
  if (steps.length === 0) return 'Why: every step came from the cache\n'
  const texts = steps.map((vertex) => {
    const reasons = vertex.why.flatMap((reason) => explain(reason, { vertex, model }))
    return ` ${titleOf(vertex.name)}\n${reasons.map((text) => `   ${text}\n`).join('')}`
  })
  return `Why:\n${texts.join('')}`
}

interface Explained {
  readonly vertex: ShownVertex
  readonly model: BuildModel
}

function explain(reason: ReasonBody, explained: Explained): readonly string[] {
  const input = explained.model.find(explained.vertex.inputs[reason.input ?? 0] ?? '')
  switch (reason.kind) {
    case 'never-built':
      return ['it was never built before']
    case 'no-cache':
      return ['the cache was not to be used']
    case 'not-kept':
      return ['it was built before, but its result was removed from the cache']
    case 'instruction-changed':
      return (reason.changes ?? []).map(changeText)
    case 'files-changed':
      return filesText(reason, input)
    case 'parent-changed':
      return [parentText(reason, input)]
  }
}

type Change = NonNullable<ReasonBody['changes']>[number]

/** Members of an operation in the words of the Dockerfile. */
const memberNames: Readonly<Record<string, string>> = {
  args: 'the command',
  cwd: 'the working directory',
  destination: 'the destination',
  digest: 'the digest that its tag names',
  excludes: '--exclude',
  instruction: 'the instruction',
  latestTime: 'SOURCE_DATE_EPOCH',
  mode: '--chmod',
  mounts: '--mount',
  network: '--network',
  owner: '--chown',
  path: 'the directory',
  platform: 'the platform',
  security: '--security',
  sources: 'the source',
  user: 'the user',
}

function changeText({ what, was, is }: Change): string {
  const name = memberNames[what] ?? what.replace(/^variable /, '')
  if (was === undefined && is === undefined) return `${name} changed`
  if (was === undefined) return `${name} is new: ${quoted(is)}`
  if (is === undefined) return `${name} is gone, it was ${quoted(was)}`
  return `${name} changed: it was ${quoted(was)}, it is ${quoted(is)}`
}

function quoted(text = ''): string {
  const letters = [...text]
  const short =
    letters.length <= shownLetters ? text : `${letters.slice(0, shownLetters).join('')}…`
  return JSON.stringify(short)
}

function filesText({ files, fileCount }: ReasonBody, input: ShownVertex | undefined): string[] {
  const place = !input || input.name.startsWith('[internal]') ? '' : ` in ${titleOf(input.name)}`
  if (!files) return [`files that it reads changed${place}`]
  const lines = files.slice(0, shownFiles).map(({ path, change }) => {
    const name = path === '' ? '.' : path
    const isWhole = change === 'added' || change === 'removed'
    return isWhole ? `${name} was ${change}${place}` : `${name} changed${detail(change)}${place}`
  })
  const more = (fileCount ?? files.length) - lines.length
  return more > 0 ? [...lines, `and ${more} more files`] : lines
}

/** What changed most of the time needs no word. */
function detail(change: string): string {
  return change === 'content' ? '' : ` its ${change}`
}

function parentText({ was }: ReasonBody, input: ShownVertex | undefined): string {
  if (!input) return 'what it builds on changed'
  const name = titleOf(input.name)
  const isBase = isImage(name) && (was === undefined || isImage(was))
  if (isBase)
    return `the base image changed: it is ${imageOf(name)}${was ? `, it was ${imageOf(was)}` : ''}`
  if (was !== undefined) return `it builds on ${name}, it was on ${titleOf(was)}`
  return `the step before it changed: ${name}`
}

function isImage(name: string): boolean {
  return /^(?:\[[^\]]*\] )?FROM /.test(name)
}

function imageOf(name: string): string {
  return name.replace(/^.*?FROM /, '')
}

function titleOf(name: string): string {
  return name.split('\n')[0] ?? ''
}
