import type { ContainerConfig, HostConfig } from '#wire/containers.ts'

/** What one group of flags adds to the body of `POST /containers/create`. */
export interface CreatePart {
  readonly config?: ContainerConfig
  readonly host?: HostConfig
}
