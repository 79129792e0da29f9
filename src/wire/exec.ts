import {
  bool,
  either,
  integer,
  list,
  nullable,
  object,
  partial,
  type Static,
  text,
} from '#wire/schema.ts'

/** `POST /containers/{id}/exec`. `ConsoleSize` is [rows, columns]. */
export const ExecCreateBody = partial({
  AttachStdin: bool,
  AttachStdout: bool,
  AttachStderr: bool,
  ConsoleSize: nullable(list(integer)),
  DetachKeys: text,
  Tty: bool,
  Env: nullable(list(text)),
  Cmd: nullable(either(list(text), text)),
  Privileged: bool,
  User: text,
  WorkingDir: text,
})
export type ExecCreateBody = Static<typeof ExecCreateBody>

/** `POST /exec/{id}/start`. */
export const ExecStartBody = partial({
  Detach: bool,
  Tty: bool,
  ConsoleSize: nullable(list(integer)),
})
export type ExecStartBody = Static<typeof ExecStartBody>

/** Answer of create operations that give only an id. */
export const IdResponse = object({ Id: text })
export type IdResponse = Static<typeof IdResponse>

/** `GET /exec/{id}/json`. `ExitCode` is null while it runs. */
export const ExecInspect = object({
  ID: text,
  Running: bool,
  ExitCode: nullable(integer),
  ProcessConfig: object(
    { tty: bool, entrypoint: text, arguments: list(text), privileged: bool },
    { user: text },
  ),
  OpenStdin: bool,
  OpenStderr: bool,
  OpenStdout: bool,
  CanRemove: bool,
  ContainerID: text,
  DetachKeys: text,
  Pid: integer,
})
export type ExecInspect = Static<typeof ExecInspect>
