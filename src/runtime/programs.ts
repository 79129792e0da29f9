/** The programs a runtime is made of: conmon and OCI runtimes. */
import { accessSync, constants } from 'node:fs'
import { basename } from 'node:path'
import { EngineError } from '#base/errors.ts'
import type { CgroupHierarchy } from '#sys/cgroup/hierarchy.ts'
import { sealedCopy } from '#sys/memfd.ts'

export interface OciProgram {
  readonly name: string
  /** Where it is installed; absolute. */
  readonly path: string
  /**
   * What is executed in its place. crun, so that no container can overwrite it, first executes a
   * protected copy of itself, at two milliseconds a call, unless it already is one.
   */
  readonly executable: string
  /** Global arguments, before the command. */
  readonly args: readonly string[]
  /** Its state directory and exec FIFO are laid out as crun's. */
  readonly isCrun: boolean
}

export type RuntimeConfig = Readonly<
  Record<string, { readonly path: string; readonly args?: readonly string[] }>
>

const searchPath = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** The absolute path of an installed program; undefined when it is missing. */
export function findProgram(name: string): string | undefined {
  const candidates = name.startsWith('/') ? [name] : searchPath.map((dir) => `${dir}/${name}`)
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** @throws EngineError failed_precondition with the package to install */
export function requireProgram(name: string): string {
  const path = findProgram(name)
  if (path === undefined) {
    throw new EngineError('failed_precondition', `find program "${name}": not installed`, {
      hint: `apt-get install ${basename(name)}`,
    })
  }
  return path
}

export interface ProgramsOptions {
  readonly runtimes: RuntimeConfig
  readonly defaultRuntime: string
  readonly hierarchy: CgroupHierarchy
  readonly stateRoot: string
}

export interface Programs extends Disposable {
  readonly conmon: string
  /** @throws EngineError invalid_argument "unknown or invalid runtime name: x" */
  oci(name?: string): OciProgram
}

/** @throws EngineError when conmon or the default runtime is missing */
export function findPrograms(options: ProgramsOptions): Programs {
  const conmon = requireProgram('conmon')
  const known = new Map<string, OciProgram>()
  const copies = new DisposableStack()
  const oci = (name = options.defaultRuntime) => {
    let program = known.get(name)
    if (!program) {
      program = resolveRuntime(name, options, (path) => copies.use(sealedCopy(path)).path)
      known.set(name, program)
    }
    return program
  }
  oci()
  return { conmon, oci, [Symbol.dispose]: () => copies.dispose() }
}

function resolveRuntime(
  name: string,
  options: ProgramsOptions,
  copy: (path: string) => string,
): OciProgram {
  const configured = Object.hasOwn(options.runtimes, name) ? options.runtimes[name] : undefined
  if (!configured && name !== 'crun' && name !== 'runc') {
    throw new EngineError('invalid_argument', `unknown or invalid runtime name: ${name}`)
  }
  const wanted = configured?.path ?? name
  const fallback = !configured && name === 'crun' && !suitsCrun(options.hierarchy)
  const path = fallback ? requireProgram('runc') : (findProgram(wanted) ?? otherRuntime(wanted))
  const isCrun = basename(path) === 'crun'
  return {
    name,
    path,
    executable: isCrun ? copy(path) : path,
    isCrun,
    args: [
      ...(configured?.args ?? []),
      `--root=${options.stateRoot}/${name}`,
      ...(isCrun ? ['--cgroup-manager=cgroupfs'] : []),
    ],
  }
}

/** crun does not split a container's controllers between a v1 and a v2 tree. */
function suitsCrun(hierarchy: CgroupHierarchy): boolean {
  return hierarchy.type !== 'v1' || hierarchy.unifiedControllers.length === 0
}

function otherRuntime(wanted: string): string {
  return wanted === 'crun' ? requireProgram('runc') : requireProgram(wanted)
}
