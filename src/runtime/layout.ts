/** Where a container's files lie under the exec root. */
import { EngineError } from '#base/errors.ts'

export interface Layout {
  /** Parent of all bundles. */
  readonly containers: string
  /** Parent of the OCI runtimes' own state, one directory for each. */
  readonly states: string
  /** For conmon's short-lived terminal sockets: a path that is short enough for one. */
  readonly temporary: string
  bundle(containerId: string): Bundle
}

export interface Bundle {
  readonly directory: string
  readonly config: string
  /** What `adopt` needs to know. */
  readonly facts: string
  /** Written by conmon when init exists. */
  readonly pid: string
  readonly conmonPid: string
  /** Written by conmon when init has ended and all its output is in the log. */
  readonly exit: string
  readonly attachSocket: string
  /** conmon's control FIFO: window size and log reopening. */
  readonly control: string
}

export function layoutOf(execRoot: string): Layout {
  const containers = `${execRoot}/containers`
  return {
    containers,
    states: `${execRoot}/oci`,
    // sun_path holds 107 bytes; conmon appends "/conmon-term.XXXXXX".
    temporary: execRoot.length <= 80 ? execRoot : '/tmp',
    bundle(containerId) {
      const directory = `${containers}/${checkedId(containerId)}`
      return {
        directory,
        config: `${directory}/config.json`,
        facts: `${directory}/task.json`,
        pid: `${directory}/pid`,
        conmonPid: `${directory}/conmon.pid`,
        exit: `${directory}/${containerId}`,
        attachSocket: `${directory}/attach`,
        control: `${directory}/ctl`,
      }
    },
  }
}

/** An id becomes a path and a cgroup: nothing but a plain name may. */
function checkedId(containerId: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/.test(containerId)) {
    throw new EngineError('invalid_argument', `open task "${containerId}": invalid container id`)
  }
  return containerId
}
