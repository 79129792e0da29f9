import type { CommandContext } from '#cli/command.ts'
import { errorText } from '#cli/failures.ts'

/**
 * Does `work` for every target at once; prints what each gives, in the order of
 * the arguments, and the failures at the end. Exit code 1 when one failed.
 */
export async function forEachTarget(
  targets: readonly string[],
  { output }: CommandContext,
  work: (target: string) => Promise<string>,
): Promise<number> {
  const outcomes = targets.map((target) =>
    work(target).then(
      (line) => ({ line, failure: undefined }),
      (error: unknown) => ({ line: undefined, failure: errorText(error) }),
    ),
  )
  const failures: string[] = []
  for (const pending of outcomes) {
    const { line, failure } = await pending
    if (failure !== undefined) failures.push(failure)
    else if (line !== '') output.write(`${line}\n`)
  }
  if (failures.length > 0) output.writeError(`${failures.join('\n')}\n`)
  return failures.length > 0 ? 1 : 0
}
