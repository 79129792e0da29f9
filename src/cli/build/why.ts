/** `--why`: what made the key of each step that ran differ from the nearest cached one. */
import type { ShownVertex, BuildModel } from '#cli/build/progress/model.ts'
import { globToRegExp } from '#oci/glob.ts'
import type { ReasonBody } from '#wire/build.ts'

/** Paths of the main context that the engine lacked or had too many; undefined on a first build. */
export type ChangedPaths = readonly string[] | undefined

const shownPaths = 5

export function explainBuild(model: BuildModel, changed: ChangedPaths): string {
  const ran = model.vertices.filter(
    ({ name, why }) => why.length > 0 && !name.startsWith('[internal]'),
  )
  if (ran.length === 0) return 'Why: every step came from the cache\n'
  const lines = ran.flatMap((vertex) =>
    vertex.why.map((reason) => {
      const name = vertex.name.split('\n')[0] ?? ''
      return ` ${name}: ${explain(reason, { vertex, model, changed })}\n`
    }),
  )
  return `Why:\n${lines.join('')}`
}

interface Explained {
  readonly vertex: ShownVertex
  readonly model: BuildModel
  readonly changed: ChangedPaths
}

function explain(reason: ReasonBody, { vertex, model, changed }: Explained): string {
  switch (reason.kind) {
    case 'never-built':
      return 'it was never built before'
    case 'no-cache':
      return 'the cache was not to be used'
    case 'instruction-changed':
      return 'the instruction, or an argument that it uses, changed'
    case 'files-changed':
      return filesText(reason.files ?? changedSources(vertex.name, changed ?? []))
    case 'parent-changed': {
      const parent = model.find(vertex.inputs[reason.input ?? 0] ?? '')
      if (!parent) return 'what it builds on changed'
      const what = parent.name.startsWith('[internal] load')
        ? 'the base image'
        : 'the step before it'
      return `${what} changed: ${parent.name.replace('[internal] load ', '').split('\n')[0] ?? ''}`
    }
  }
}

function filesText(paths: readonly string[]): string {
  if (paths.length === 0) return 'files that it copies changed'
  const more = paths.length - shownPaths
  const shown = paths.slice(0, shownPaths).join(', ')
  return `${shown}${more > 0 ? ` and ${more} more` : ''} changed`
}

/** The changed paths that the sources of a COPY or ADD select, read from the step's name. */
export function changedSources(name: string, changed: readonly string[]): readonly string[] {
  const words = /\b(?:COPY|ADD)\s+(.*)$/is.exec(name)?.[1]?.split(/\s+/) ?? []
  const sources = words.filter((word) => !word.startsWith('--')).slice(0, -1)
  const patterns = sources.map((source) => source.replace(/^(?:\.?\/)+/, '').replace(/\/+$/, ''))
  return changed.filter((path) =>
    patterns.some((pattern) => pattern === '' || pattern === '.' || selects(pattern, path)),
  )
}

function selects(pattern: string, path: string): boolean {
  const expression = globToRegExp(pattern)
  const parts = path.split('/')
  return parts.some((_, index) => expression.test(parts.slice(0, index + 1).join('/')))
}
