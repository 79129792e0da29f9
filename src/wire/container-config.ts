import {
  bool,
  either,
  integer,
  keySet,
  list,
  nullable,
  partial,
  record,
  type Static,
  text,
} from '#wire/schema.ts'

/** Healthcheck settings; durations in nanoseconds. */
export const HealthConfig = partial({
  Test: list(text),
  Interval: integer,
  Timeout: integer,
  StartPeriod: integer,
  StartInterval: integer,
  Retries: integer,
})
export type HealthConfig = Static<typeof HealthConfig>

/** The portable half of a container's settings (and of an image's). Docker takes one text for `Cmd` and `Entrypoint` too. */
export const ContainerConfig = partial({
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: bool,
  AttachStdout: bool,
  AttachStderr: bool,
  ExposedPorts: nullable(keySet),
  Tty: bool,
  OpenStdin: bool,
  StdinOnce: bool,
  Env: nullable(list(text)),
  Cmd: nullable(either(list(text), text)),
  Healthcheck: nullable(HealthConfig),
  ArgsEscaped: bool,
  Image: text,
  Volumes: nullable(keySet),
  WorkingDir: text,
  Entrypoint: nullable(either(list(text), text)),
  NetworkDisabled: bool,
  MacAddress: text,
  OnBuild: nullable(list(text)),
  Labels: nullable(record(text)),
  StopSignal: text,
  StopTimeout: nullable(integer),
  Shell: nullable(list(text)),
})
export type ContainerConfig = Static<typeof ContainerConfig>
