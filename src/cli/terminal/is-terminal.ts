/** Whether a descriptor is a terminal. Loads `node:tty` only when asked: it costs a millisecond. */
export function isTerminal(descriptor: number): boolean {
  return process.getBuiltinModule('node:tty').isatty(descriptor)
}
