import { shortId } from '#base/ids.ts'
import type { ContainerRecord } from '#container/types.ts'
import { exposedPorts } from '#api/mapping/endpoints.ts'
import { portKey } from '#api/mapping/ports.ts'
import type { ContainerConfig } from '#wire/containers.ts'

/** `Config` of inspect: the user's wishes merged with the image's. */
export function toContainerConfig(record: ContainerRecord): ContainerConfig {
  const { spec } = record
  const ports = exposedPorts(record).map(({ port, protocol }) => portKey(port, protocol))
  return {
    Hostname: spec.hostname ?? shortId(record.id),
    Domainname: spec.domainname ?? '',
    User: spec.user,
    AttachStdin: spec.attach.stdin,
    AttachStdout: spec.attach.stdout,
    AttachStderr: spec.attach.stderr,
    ...(ports.length > 0 ? { ExposedPorts: toSet(ports) } : {}),
    Tty: spec.isTty,
    OpenStdin: spec.openStdin,
    StdinOnce: spec.stdinOnce,
    Env: spec.env,
    Cmd: orNull(spec.cmd),
    ...(spec.healthcheck ? { Healthcheck: spec.healthcheck } : {}),
    Image: record.imageName,
    Volumes: spec.volumePaths.length > 0 ? toSet(spec.volumePaths) : null,
    WorkingDir: spec.workingDir,
    Entrypoint: orNull(spec.entrypoint),
    OnBuild: null,
    Labels: spec.labels,
    ...(spec.stopSignal === undefined ? {} : { StopSignal: spec.stopSignal }),
    ...(spec.stopTimeoutS === undefined ? {} : { StopTimeout: spec.stopTimeoutS }),
    ...(spec.shell === undefined ? {} : { Shell: spec.shell }),
  }
}

function toSet(keys: readonly string[]): Readonly<Record<string, object>> {
  return Object.fromEntries(keys.map((key) => [key, {}]))
}

function orNull(words: readonly string[]): readonly string[] | null {
  return words.length > 0 ? words : null
}
