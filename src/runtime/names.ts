import { findProgram, type RuntimeConfig } from '#runtime/programs.ts'

/** OCI runtimes that containers may ask for by name: what is installed of the usual ones, and the configured. */
export function runtimeNames(configured: RuntimeConfig): readonly string[] {
  const installed = ['crun', 'runc'].filter((name) => findProgram(name) !== undefined)
  return [...new Set([...installed, ...Object.keys(configured)])]
}
