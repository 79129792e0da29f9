import { EngineError } from '#base/errors.ts'
import type { Command } from '#cli/command.ts'
import { forEachTarget } from '#cli/targets.ts'

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  args: { min: 1 },
  completes: 'running',
  declare: () => (args, context) =>
    forEachTarget(args, context, async (id) => {
      const { exited } = await context.client.containers.wait(id, 'not-running')
      const { StatusCode, Error: failure } = await exited
      if (failure) throw new EngineError('internal', failure.Message)
      return String(StatusCode)
    }),
}
