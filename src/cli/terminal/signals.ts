const forwarded: readonly NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
  'SIGTTIN',
  'SIGTTOU',
]

/** Sends signals that arrive here on, by name without SIG, until disposed. */
export function forwardSignals(send: (name: string) => Promise<void>): Disposable {
  const listen = (signal: NodeJS.Signals) => {
    // The container may be gone already, and then nobody is left to take the signal.
    send(signal.slice(3)).catch(() => undefined)
  }
  for (const signal of forwarded) process.on(signal, listen)
  return {
    [Symbol.dispose]: () => {
      for (const signal of forwarded) process.off(signal, listen)
    },
  }
}
