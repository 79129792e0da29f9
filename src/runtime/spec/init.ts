/** `--init`: a small init program from the machine, bound into the container. */
import { existsSync } from 'node:fs'
import { EngineError } from '#base/errors.ts'
import type { RuntimeMount } from '#oci/runtime-spec.ts'

const candidates = [
  '/usr/bin/docker-init',
  '/usr/libexec/docker/docker-init',
  '/usr/bin/tini',
  '/usr/bin/tini-static',
  '/usr/libexec/podman/catatonit',
  '/usr/bin/catatonit',
]

/** Where containers see it, as with Docker. */
const target = '/sbin/docker-init'

export interface InitProgram {
  /** Goes before the container's own arguments. */
  readonly args: readonly string[]
  readonly mount: RuntimeMount
}

/** @throws EngineError failed_precondition when no init is installed */
export function findInit(configured?: string): InitProgram {
  const wanted = configured === undefined || configured === '' ? candidates : [configured]
  const source = wanted.find((path) => existsSync(path))
  if (source === undefined) {
    throw new EngineError('failed_precondition', 'start container: no init program found', {
      hint: `install the package "tini" or "catatonit", or set --init-path (looked for ${wanted.join(', ')})`,
    })
  }
  return {
    args: [target, '--'],
    mount: { destination: target, type: 'bind', source, options: ['rbind', 'ro'] },
  }
}
