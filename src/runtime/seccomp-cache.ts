/**
 * Compiled seccomp filters. libseccomp takes 10 ms to compile the default
 * profile, more than all the rest of a container's creation. crun leaves the
 * compiled filter in the container's state and takes one by annotation, so each
 * profile is compiled once for each version of the runtime on this machine.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { RuntimeSeccomp, RuntimeSpec } from '#oci/runtime-spec.ts'
import type { OciProgram } from '#runtime/programs.ts'

const annotation = 'run.oci.seccomp_bpf_data'

export interface SeccompCache {
  /** The spec, with the compiled filter when it is known. `seccomp` stays: `exec` asks for it. */
  apply(spec: RuntimeSpec, program: OciProgram): RuntimeSpec
  /** Keeps the filter that creating `containerId` compiled; true when there is nothing to learn any more. */
  learn(spec: RuntimeSpec, program: OciProgram, statePath: string): boolean
}

/** `directory` is made when the first filter is kept. */
export function createSeccompCache(directory: string): SeccompCache {
  const compiled = new Map<string, string | undefined>()
  const digests = new WeakMap<RuntimeSeccomp, string>()
  const keyOf = (program: OciProgram, seccomp: RuntimeSeccomp) => {
    let digest = digests.get(seccomp)
    if (digest === undefined) {
      digest = createHash('sha256').update(JSON.stringify(seccomp)).digest('hex')
      digests.set(seccomp, digest)
    }
    return `${versionOf(program)}-${digest}`
  }
  const find = (key: string) => {
    if (!compiled.has(key)) compiled.set(key, readFilter(`${directory}/${key}`))
    return compiled.get(key)
  }
  return {
    apply(spec, program) {
      const { seccomp } = spec.linux
      if (!seccomp || !program.isCrun) return spec
      const filter = find(keyOf(program, seccomp))
      if (filter === undefined) return spec
      return { ...spec, annotations: { ...spec.annotations, [annotation]: filter } }
    },
    learn(spec, program, statePath) {
      const { seccomp } = spec.linux
      if (!seccomp || !program.isCrun) return true
      const key = keyOf(program, seccomp)
      if (find(key) !== undefined) return true
      const filter = readFilter(`${statePath}/seccomp.bpf`)
      if (filter === undefined) return false
      compiled.set(key, filter)
      mkdirSync(directory, { recursive: true, mode: 0o700 })
      writeFileSync(`${directory}/${key}`, Buffer.from(filter, 'base64'), { mode: 0o600 })
      return true
    },
  }
}

/** Another build of the runtime may come with another libseccomp. */
function versionOf(program: OciProgram): string {
  const { mtimeMs, size } = statSync(program.path)
  return `${size}-${Math.trunc(mtimeMs)}`
}

/** Base64; undefined when there is no such file or it is no list of 8-byte instructions. */
function readFilter(path: string): string | undefined {
  try {
    const bytes = readFileSync(path)
    return bytes.length > 0 && bytes.length % 8 === 0 ? bytes.toString('base64') : undefined
  } catch {
    return undefined
  }
}
