/**
 * Compiled seccomp filters. libseccomp takes 10 ms to compile the default
 * profile, more than all the rest of a container's creation. crun leaves the
 * compiled filter in the container's state and takes one by annotation, so each
 * profile is compiled once for each engine.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RuntimeSeccomp, RuntimeSpec } from '#oci/runtime-spec.ts'
import type { OciProgram } from '#runtime/programs.ts'

const annotation = 'run.oci.seccomp_bpf_data'

export interface SeccompCache {
  /** The spec, with the compiled filter when it is known. `seccomp` stays: `exec` asks for it. */
  apply(spec: RuntimeSpec, program: OciProgram): RuntimeSpec
  /** Keeps the filter that creating `containerId` compiled. */
  learn(spec: RuntimeSpec, program: OciProgram, statePath: string): void
}

export function createSeccompCache(): SeccompCache {
  const compiled = new Map<string, string>()
  const keys = new WeakMap<RuntimeSeccomp, string>()
  const keyOf = (program: OciProgram, seccomp: RuntimeSeccomp) => {
    let key = keys.get(seccomp)
    if (key === undefined) {
      key = createHash('sha256').update(JSON.stringify(seccomp)).digest('base64')
      keys.set(seccomp, key)
    }
    return `${program.path} ${key}`
  }
  return {
    apply(spec, program) {
      const { seccomp } = spec.linux
      const filter = seccomp && program.isCrun && compiled.get(keyOf(program, seccomp))
      if (filter === undefined || filter === false) return spec
      return { ...spec, annotations: { ...spec.annotations, [annotation]: filter } }
    },
    learn(spec, program, statePath) {
      const { seccomp } = spec.linux
      if (!seccomp || !program.isCrun) return
      const key = keyOf(program, seccomp)
      if (compiled.has(key)) return
      try {
        compiled.set(key, readFileSync(`${statePath}/seccomp.bpf`).toString('base64'))
      } catch {
        // A crun that keeps no filter: each creation compiles its own.
      }
    },
  }
}
