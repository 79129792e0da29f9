/**
 * The steps that Docker's classic builder counts, and the text it shows for them:
 * `Step 2/3 : RUN make`. Vertices run in parallel and in any order; steps are
 * shown in the order of the file, each when its predecessors are done.
 */
import { createHash } from 'node:crypto'
import type { BuildEvent, VertexInfo } from '#build/types.ts'
import type { LocatedInstruction } from '#build/dockerfile/types.ts'

export interface ClassicStep {
  readonly stage: number
  readonly instruction: LocatedInstruction
}

export interface StepTexts {
  /** The heading of the first step. */
  begin(): string
  /** Text that can be shown now. */
  take(event: BuildEvent): string
  /** What is left when the build succeeded. */
  rest(): string
}

interface StepState extends ClassicStep {
  /** Text behind the heading that is not shown yet. */
  text: string
  isDone: boolean
  shortId: string
  /** A character may be cut between two chunks. */
  readonly decoder: TextDecoder
  /** Vertices of the step that started and did not end yet. */
  readonly running: Set<string>
}

const vertexKinds = new Set(['run', 'copy', 'add', 'workdir'])
/** Steps that wait for something; the base image of FROM may have to be pulled. */
const waitingKinds = new Set([...vertexKinds, 'from'])

export function createStepTexts(steps: readonly ClassicStep[]): StepTexts {
  const states = steps.map((step): StepState => ({
    ...step,
    text: '',
    isDone: !waitingKinds.has(step.instruction.kind),
    shortId: step.instruction.kind === 'from' ? hashOf(step.instruction.source) : '',
    decoder: new TextDecoder(),
    running: new Set(),
  }))
  const stepOf = new Map<string, StepState>()
  const stagesWithVertices = new Set(
    steps.filter(({ instruction }) => vertexKinds.has(instruction.kind)).map(({ stage }) => stage),
  )
  let shown = 0
  let hasHeading = false

  function find(vertex: VertexInfo): StepState | undefined {
    const known = stepOf.get(vertex.id)
    if (known) return known
    const line = vertex.range?.start.line
    const found = states.find(({ instruction }) => instruction.range.start.line === line)
    if (found) stepOf.set(vertex.id, found)
    return found
  }

  /** Vertices of a stage run one after the other: what is before this step is done. */
  function finishBefore(step: StepState): void {
    for (const other of states) {
      if (other === step) return
      const isBefore = other.stage === step.stage || !stagesWithVertices.has(other.stage)
      if (isBefore && other.running.size === 0) other.isDone = true
    }
  }

  function flush(): string {
    let text = ''
    for (; shown < states.length; shown++) {
      const step = states[shown]
      if (!step) break
      if (!hasHeading) text += heading(step.instruction, shown + 1, states.length)
      hasHeading = true
      text += step.text
      step.text = ''
      if (!step.isDone) return text
      text += ` ---> ${step.shortId || previousId(states, shown)}\n`
      hasHeading = false
    }
    return text
  }

  return {
    begin: flush,
    take(event) {
      applyEvent(event, { find, stepOf, finishBefore })
      return flush()
    },
    rest() {
      for (const step of states) step.isDone = true
      return flush()
    },
  }
}

interface StepLookup {
  readonly find: (vertex: VertexInfo) => StepState | undefined
  readonly stepOf: ReadonlyMap<string, StepState>
  readonly finishBefore: (step: StepState) => void
}

function applyEvent(event: BuildEvent, { find, stepOf, finishBefore }: StepLookup): void {
  if (event.type === 'vertex-output') {
    const step = stepOf.get(event.id)
    if (step) step.text += step.decoder.decode(event.chunk, { stream: true })
    return
  }
  if (event.type === 'warning' || event.type === 'vertex-status') return
  const step = find(event.vertex)
  if (!step) return
  const id = shortId(event.vertex.id)
  const isRun = step.instruction.kind === 'run'
  switch (event.type) {
    case 'vertex-started':
      finishBefore(step)
      step.running.add(event.vertex.id)
      if (isRun) step.text += ` ---> Running in ${id}\n`
      return
    case 'vertex-cached':
      finishBefore(step)
      step.text += ' ---> Using cache\n'
      break
    case 'vertex-completed':
      if (isRun) step.text += ` ---> Removed intermediate container ${id}\n`
      break
    case 'vertex-failed':
      finishBefore(step)
      return
  }
  step.running.delete(event.vertex.id)
  step.isDone = step.running.size === 0
  step.shortId = id
}

function heading({ source }: LocatedInstruction, number: number, total: number): string {
  return `Step ${number}/${total} : ${source}\n`
}

/** A step that only changes the config has the filesystem of the one before. */
function previousId(states: readonly StepState[], index: number): string {
  const own = states[index]
  const before = states
    .slice(0, index)
    .findLast(({ shortId: id, stage }) => id !== '' && stage === own?.stage)
  return before?.shortId ?? ''
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

function shortId(vertexId: string): string {
  return vertexId.replace(/^sha256:/, '').slice(0, 12)
}
