import { setTimeout as delay } from 'node:timers/promises'

/** Waits for what must come; fails when it has not come after seconds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what = 'the expected state',
): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} did not come`)
    await delay(1)
  }
}
