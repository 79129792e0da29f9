/** `POST /build`: Docker's classic protocol, an archive in and a stream of texts out. */
import type { BuildContexts, HeldContext } from '#build/transfer/types.ts'
import {
  type ContextDockerfile,
  readDockerfile,
  readIgnorePatterns,
} from '#build/transfer/dockerfile.ts'
import { parseDockerfile } from '#build/dockerfile/parse.ts'
import { planStages } from '#build/graph/plan.ts'
import type { BuildEvent, BuildOutcome } from '#build/types.ts'
import { familiarName } from '#oci/reference.ts'
import { hostPlatform } from '#oci/platform.ts'
import type { Answer } from '#api/answer.ts'
import { type Call, queryBool, queryText } from '#api/call.ts'
import { toClassicError, toClassicFailureLine } from '#api/build/classic-failure.ts'
import { createFailureWatch } from '#api/build/failure-watch.ts'
import { type ClassicStep, createStepTexts } from '#api/build/classic-steps.ts'
import { lineAnswer, type PushLine } from '#api/build/line-stream.ts'
import { type QueriedBuild, readBuildQuery } from '#api/build/query.ts'
import { cancellable } from '#api/build/running.ts'

export function buildImage(call: Call): Answer {
  const queried = readBuildQuery(call)
  return lineAnswer({
    failureLine: toClassicFailureLine,
    async run(push) {
      using scope = cancellable(call.engine, queryText(call, 'buildid'), call.signal)
      try {
        await runBuild(call, { queried, push }, scope.signal)
      } catch (error) {
        throw toClassicError(error)
      }
    },
  })
}

interface ClassicBuild {
  readonly queried: QueriedBuild
  readonly push: PushLine
}

async function runBuild(
  call: Call,
  { queried, push }: ClassicBuild,
  signal: AbortSignal,
): Promise<void> {
  await using input = await openInput(call, signal)
  const { context, dockerfile } = input
  const isQuiet = queryBool(call, 'q')
  const texts = createStepTexts(classicSteps(dockerfile, queried))
  const show = (text: string) => {
    if (text !== '' && !isQuiet) push({ stream: text })
  }
  show(texts.begin())
  const watch = createFailureWatch(dockerfile, [])
  const building = call.engine.builder.build(
    {
      ...queried,
      dockerfile,
      contexts: new Map([
        [
          'context',
          {
            kind: 'directory',
            path: context.path,
            ignore: readIgnorePatterns(context.path, dockerfile.name),
          },
        ],
      ]),
      onEvent: (event) => {
        watch.take(event)
        if (isTransfer(event) && !isQuiet) push(statusLine(event))
        show(texts.take(event))
      },
    },
    signal,
  )
  const outcome = await building.catch((error: unknown) => {
    throw toClassicError(error, watch.failed())
  })
  show(texts.rest())
  finish(outcome, { queried, push, isQuiet })
}

function finish(
  { imageId }: BuildOutcome,
  { queried, push, isQuiet }: ClassicBuild & { readonly isQuiet: boolean },
): void {
  if (imageId === undefined) return
  push({ aux: { ID: imageId } })
  if (isQuiet) {
    push({ stream: `${imageId}\n` })
    return
  }
  push({ stream: `Successfully built ${imageId.replace(/^sha256:/, '').slice(0, 12)}\n` })
  for (const tag of queried.tags) push({ stream: `Successfully tagged ${familiarName(tag)}\n` })
}

/** What the export has done is BuildKit's way of telling. */
function isTransfer(event: BuildEvent): event is StatusEvent {
  return event.type === 'vertex-status' && event.status.totalBytes !== undefined
}

type StatusEvent = Extract<BuildEvent, { type: 'vertex-status' }>

function statusLine({ status }: StatusEvent) {
  const total = status.totalBytes === undefined ? {} : { total: status.totalBytes }
  return {
    id: status.id,
    status: status.text,
    progressDetail: { current: status.currentBytes, ...total },
  }
}

/** The instructions of the stages that are built, in the order of the file. */
function classicSteps(
  { name, text }: ContextDockerfile,
  { target, buildArgs, labels, uncachedStages, network, platforms }: QueriedBuild,
): readonly ClassicStep[] {
  const buildPlatform = hostPlatform()
  const plan = planStages(parseDockerfile(name, text), {
    ...(target === undefined ? {} : { target }),
    buildArgs,
    labels,
    uncachedStages,
    network,
    contexts: new Set(),
    buildPlatform,
    targetPlatform: platforms[0] ?? buildPlatform,
    ignorePatterns: [],
  })
  return plan.stages
    .map(({ stage }) => stage)
    .toSorted((a, b) => a.index - b.index)
    .flatMap(({ index, from, instructions }) =>
      [from, ...instructions].map((instruction) => ({ stage: index, instruction })),
    )
}

interface BuildInput extends AsyncDisposable {
  readonly context: HeldContext
  readonly dockerfile: ContextDockerfile
}

/** The context of the request's body, or of `remote=`, and the Dockerfile in it. */
async function openInput(call: Call, signal: AbortSignal): Promise<BuildInput> {
  await using undo = new AsyncDisposableStack()
  const { context, text } = await openContext(call, signal)
  undo.use(context)
  const name = queryText(call, 'dockerfile')
  const dockerfile =
    text === undefined ? readDockerfile(context.path, name) : { name: 'Dockerfile', text }
  const held = undo.move()
  return { context, dockerfile, [Symbol.asyncDispose]: () => held.disposeAsync() }
}

async function openContext(
  call: Call,
  signal: AbortSignal,
): Promise<{ readonly context: HeldContext; readonly text?: string }> {
  const contexts: BuildContexts = call.engine.buildContexts
  const remote = queryText(call, 'remote')
  if (remote === undefined) return { context: await contexts.receive(call.request, signal) }
  const fetched = await contexts.fetch(remote, signal)
  return fetched.kind === 'dockerfile'
    ? { context: fetched.context, text: fetched.text }
    : { context: fetched.context }
}
