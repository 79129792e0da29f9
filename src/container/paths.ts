import { basename, join } from 'node:path'

/** Where a container's files lie. All of it is found by id, so that restore can sweep what no record owns. */
export interface ContainerPaths {
  /** Durable: log and generated files. */
  readonly directory: string
  readonly log: string
  readonly hostname: string
  readonly hosts: string
  readonly resolvConf: string
  /** Mount point of the root filesystem, below the exec root. */
  readonly rootfs: string
  /** Mount point of the shared memory that other containers may join. */
  readonly shm: string
}

export interface Roots {
  readonly dataRoot: string
  readonly execRoot: string
}

export function containersDirectory({ dataRoot }: Roots): string {
  return join(dataRoot, 'containers')
}

export function rootfsDirectory({ execRoot }: Roots): string {
  return join(execRoot, 'rootfs')
}

export function containerPaths(roots: Roots, id: string): ContainerPaths {
  const directory = join(containersDirectory(roots), id)
  return {
    directory,
    log: join(directory, 'container.log'),
    hostname: join(directory, 'hostname'),
    hosts: join(directory, 'hosts'),
    resolvConf: join(directory, 'resolv.conf'),
    rootfs: join(rootfsDirectory(roots), id),
    shm: join(rootfsDirectory(roots), `${id}${shmEnding}`),
  }
}

const shmEnding = '.shm'

/** The container whose mount point this is: an absolute path or a name in `rootfsDirectory`. */
export function idOfMountPoint(path: string): string {
  return basename(path, shmEnding)
}
