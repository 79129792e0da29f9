import type { ExecRecord } from '#container/types.ts'
import type { ExecInspect } from '#wire/exec.ts'

/** `GET /exec/{id}/json`. */
export function toExecInspect({ id, containerId, request, state }: ExecRecord): ExecInspect {
  const [entrypoint = '', ...args] = request.args
  return {
    ID: id,
    Running: state.status === 'starting' || state.status === 'running',
    ExitCode: state.status === 'exited' ? state.code : null,
    ProcessConfig: {
      tty: request.isTty,
      entrypoint,
      arguments: args,
      privileged: request.isPrivileged,
      ...(request.user === '' ? {} : { user: request.user }),
    },
    OpenStdin: request.attachStdin,
    OpenStderr: request.attachStderr,
    OpenStdout: request.attachStdout,
    CanRemove: false,
    ContainerID: containerId,
    DetachKeys: request.detachKeys ?? '',
    Pid: 'pid' in state ? (state.pid ?? 0) : 0,
  }
}
