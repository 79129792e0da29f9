import { writeFileSync } from 'node:fs'
import type { Command, CommandContext } from '#cli/command.ts'
import { errorMessage, findEngineError } from '#base/errors.ts'
import { exitCodes } from '#cli/failures.ts'
import { type BuildFlags, declareBuildFlags } from '#cli/build/flags.ts'
import { openProgressView, type ProgressView } from '#cli/build/progress/view.ts'
import { checkFailureText, failureText, inspectedText, warningText } from '#cli/build/report.ts'
import { runSession, type SessionOutcome } from '#cli/build/session.ts'
import { type BuildPlan, planBuild } from '#cli/build/spec.ts'
import { showDefinition } from '#cli/build/transfer.ts'
import { explainBuild } from '#cli/build/why.ts'

export const command: Command = {
  usage: '[OPTIONS] PATH | URL | -',
  args: { min: 1, max: 1 },
  completes: 'files',
  declare(flags) {
    const values = declareBuildFlags(flags)
    return async ([path = ''], context) => {
      const mode = values.quiet.value ? 'quiet' : values.progress.value
      const isBuild = values.call() === 'build'
      const view = openProgressView(isBuild ? mode : 'quiet', context.output)
      const plan = await prepare(values, path, { context, view })
      if (!plan) return exitCodes.failure
      return build(plan, { values, context, view })
    }
  },
}

interface Running {
  readonly context: CommandContext
  readonly view: ProgressView
}

/** Undefined when something is wrong on this side; it has been said then. */
async function prepare(
  values: BuildFlags,
  path: string,
  { context, view }: Running,
): Promise<BuildPlan | undefined> {
  try {
    const plan = await planBuild(values, path, context.settings)
    showDefinition(view, plan.source)
    return plan
  } catch (error) {
    view.finish()
    const text = error instanceof Error ? error.message : String(error)
    context.output.writeError(`ERROR: failed to build: ${text}\n`)
    return undefined
  }
}

async function build(
  plan: BuildPlan,
  { values, context, view }: Running & { readonly values: BuildFlags },
): Promise<number> {
  const { client, output } = context
  const isQuiet = values.quiet.value
  let outcome: SessionOutcome
  try {
    using connection = await client.builds.connect()
    outcome = await runSession(connection, plan, view)
  } catch (error) {
    view.finish()
    const isBuild = values.call() === 'build'
    output.writeError(
      isBuild
        ? failureText(error, view.model, !isQuiet)
        : checkFailureText(errorMessage(error), findEngineError(error)?.hint),
    )
    return exitCodes.failure
  }
  view.finish()
  if (outcome.type === 'inspected') {
    const { text, error, code } = inspectedText(outcome.outcome)
    output.write(text)
    if (error !== undefined) output.writeError(error)
    return code
  }
  if (!isQuiet && values.progress.value !== 'rawjson') output.writeError(warningText(view.model))
  if (values.why.value) {
    const isAlone = isQuiet || values.progress.value === 'quiet'
    output.writeError(`${isAlone ? '' : '\n'}${explainBuild(view.model)}`)
  }
  writeResults(values, outcome)
  const { imageId } = outcome.outcome
  if (isQuiet && imageId !== undefined) output.write(`${imageId}\n`)
  return 0
}

function writeResults(
  { iidfile, metadataFile }: BuildFlags,
  { outcome }: Extract<SessionOutcome, { type: 'built' }>,
): void {
  if (iidfile.value !== '') writeFileSync(iidfile.value, outcome.imageId ?? '')
  if (metadataFile.value !== '') {
    writeFileSync(metadataFile.value, `${JSON.stringify(outcome.metadata, undefined, 2)}\n`)
  }
}
