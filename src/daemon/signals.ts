import type { Logger } from '#base/log.ts'

/** Exit code of a process that a second signal ended. */
const forcedExitCode = 130

/**
 * The first SIGTERM or SIGINT settles the promise; one more, while the engine is
 * stopping, ends the process at once.
 */
export function stopSignal(log: Logger): Promise<'SIGTERM' | 'SIGINT'> {
  const { promise, resolve } = Promise.withResolvers<'SIGTERM' | 'SIGINT'>()
  let isStopping = false
  const stop = (signal: 'SIGTERM' | 'SIGINT') => {
    if (isStopping) {
      log.error({ signal }, 'second signal: the engine ends without cleaning up')
      process.exit(forcedExitCode)
    }
    isStopping = true
    resolve(signal)
  }
  process.on('SIGTERM', () => stop('SIGTERM'))
  process.on('SIGINT', () => stop('SIGINT'))
  return promise
}
