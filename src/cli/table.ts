import type { Command } from '#cli/command.ts'

/** A row of the command table: names and a loader, so that only the called command is read. */
export interface CommandEntry {
  /** Words as typed: `container ls`, `run`. The first is the canonical one. */
  readonly names: readonly string[]
  readonly summary: string
  /** Where the top-level help lists it. */
  readonly group?: 'common' | 'hidden'
  readonly load: () => Promise<Command>
}

/** Words that only hold other commands. */
export const managementCommands: Readonly<Record<string, string>> = {
  builder: 'Manage builds',
  completion: 'Generate the autocompletion script for the specified shell',
  container: 'Manage containers',
  image: 'Manage images',
  network: 'Manage networks',
  system: 'Manage Gantry',
  volume: 'Manage volumes',
}

type Loader = () => Promise<{ readonly command: Command }>

/** `names` is a list with commas, the first the canonical one. */
function entry(names: string, summary: string, load: Loader): CommandEntry {
  return { names: names.split(', '), summary, load: async () => (await load()).command }
}

function common(entryOf: CommandEntry): CommandEntry {
  return { ...entryOf, group: 'common' }
}

function hidden(entryOf: CommandEntry): CommandEntry {
  return { ...entryOf, group: 'hidden' }
}

const containerEntries: readonly CommandEntry[] = [
  common(
    entry(
      'run, container run',
      'Create and run a new container from an image',
      () => import('#cli/commands/run.ts'),
    ),
  ),
  common(
    entry(
      'exec, container exec',
      'Execute a command in a running container',
      () => import('#cli/commands/exec.ts'),
    ),
  ),
  common(
    entry(
      'ps, container ls, container list, container ps',
      'List containers',
      () => import('#cli/commands/ps.ts'),
    ),
  ),
  entry(
    'attach, container attach',
    'Attach local standard input, output, and error streams to a running container',
    () => import('#cli/commands/attach.ts'),
  ),
  entry(
    'create, container create',
    'Create a new container',
    () => import('#cli/commands/create.ts'),
  ),
  entry(
    'container inspect',
    'Display detailed information on one or more containers',
    () => import('#cli/commands/container-inspect.ts'),
  ),
  entry(
    'kill, container kill',
    'Kill one or more running containers',
    () => import('#cli/commands/kill.ts'),
  ),
  entry(
    'logs, container logs',
    'Fetch the logs of a container',
    () => import('#cli/commands/logs.ts'),
  ),
  entry(
    'pause, container pause',
    'Pause all processes within one or more containers',
    () => import('#cli/commands/pause.ts'),
  ),
  entry(
    'port, container port',
    'List port mappings or a specific mapping for the container',
    () => import('#cli/commands/port.ts'),
  ),
  entry('rename, container rename', 'Rename a container', () => import('#cli/commands/rename.ts')),
  entry(
    'restart, container restart',
    'Restart one or more containers',
    () => import('#cli/commands/restart.ts'),
  ),
  entry(
    'rm, container rm, container remove',
    'Remove one or more containers',
    () => import('#cli/commands/rm.ts'),
  ),
  entry(
    'start, container start',
    'Start one or more stopped containers',
    () => import('#cli/commands/start.ts'),
  ),
  entry(
    'stop, container stop',
    'Stop one or more running containers',
    () => import('#cli/commands/stop.ts'),
  ),
  entry(
    'top, container top',
    'Display the running processes of a container',
    () => import('#cli/commands/top.ts'),
  ),
  entry(
    'unpause, container unpause',
    'Unpause all processes within one or more containers',
    () => import('#cli/commands/unpause.ts'),
  ),
  entry(
    'wait, container wait',
    'Block until one or more containers stop, then print their exit codes',
    () => import('#cli/commands/wait.ts'),
  ),
]

const imageEntries: readonly CommandEntry[] = [
  common(
    entry(
      'pull, image pull',
      'Download an image from a registry',
      () => import('#cli/commands/pull.ts'),
    ),
  ),
  common(
    entry(
      'build, image build, builder build',
      'Build an image from a Dockerfile',
      () => import('#cli/commands/build.ts'),
    ),
  ),
  common(
    entry('images, image ls, image list', 'List images', () => import('#cli/commands/images.ts')),
  ),
  common(
    entry(
      'push, image push',
      'Upload an image to a registry',
      () => import('#cli/commands/push.ts'),
    ),
  ),
  entry(
    'image bootstrap',
    "Make a base image from a distribution's package mirror",
    () => import('#cli/commands/image-bootstrap.ts'),
  ),
  entry(
    'history, image history',
    'Show the history of an image',
    () => import('#cli/commands/history.ts'),
  ),
  entry(
    'import, image import',
    'Import the contents from a tarball to create a filesystem image',
    () => import('#cli/commands/import.ts'),
  ),
  entry(
    'image inspect',
    'Display detailed information on one or more images',
    () => import('#cli/commands/image-inspect.ts'),
  ),
  entry(
    'load, image load',
    'Load an image from a tar archive or STDIN',
    () => import('#cli/commands/load.ts'),
  ),
  entry(
    'rmi, image rm, image remove',
    'Remove one or more images',
    () => import('#cli/commands/rmi.ts'),
  ),
  entry(
    'save, image save',
    'Save one or more images to a tar archive (streamed to STDOUT by default)',
    () => import('#cli/commands/save.ts'),
  ),
  entry(
    'tag, image tag',
    'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
    () => import('#cli/commands/tag.ts'),
  ),
]

const builderEntries: readonly CommandEntry[] = [
  entry('builder prune', 'Remove build cache', () => import('#cli/commands/builder-prune.ts')),
  entry('builder du', 'Disk usage of the build cache', () => import('#cli/commands/builder-du.ts')),
  entry(
    'builder history ls, builder history list',
    'List past builds',
    () => import('#cli/commands/builder-history-ls.ts'),
  ),
  entry(
    'builder history logs',
    'Print the logs of a build',
    () => import('#cli/commands/builder-history-logs.ts'),
  ),
  entry(
    'builder history inspect',
    'Show the record of a build',
    () => import('#cli/commands/builder-history-inspect.ts'),
  ),
]

const otherEntries: readonly CommandEntry[] = [
  common(entry('login', 'Authenticate to a registry', () => import('#cli/commands/login.ts'))),
  common(entry('logout', 'Log out from a registry', () => import('#cli/commands/logout.ts'))),
  common(
    entry(
      'version',
      'Show the Gantry version information',
      () => import('#cli/commands/version.ts'),
    ),
  ),
  common(
    entry(
      'info, system info',
      'Display system-wide information',
      () => import('#cli/commands/info.ts'),
    ),
  ),
  entry(
    'events, system events',
    'Get real time events from the server',
    () => import('#cli/commands/events.ts'),
  ),
  entry(
    'inspect',
    'Return low-level information on Docker objects',
    () => import('#cli/commands/inspect.ts'),
  ),
  hidden(
    entry(
      'system dial-stdio',
      'Proxy the stdio stream to the daemon connection',
      () => import('#cli/commands/dial-stdio.ts'),
    ),
  ),
  entry('network ls, network list', 'List networks', () => import('#cli/commands/network-ls.ts')),
  entry(
    'network inspect',
    'Display detailed information on one or more networks',
    () => import('#cli/commands/network-inspect.ts'),
  ),
  entry('volume create', 'Create a volume', () => import('#cli/commands/volume-create.ts')),
  entry(
    'volume inspect',
    'Display detailed information on one or more volumes',
    () => import('#cli/commands/volume-inspect.ts'),
  ),
  entry('volume ls, volume list', 'List volumes', () => import('#cli/commands/volume-ls.ts')),
  entry(
    'volume rm, volume remove',
    'Remove one or more volumes',
    () => import('#cli/commands/volume-rm.ts'),
  ),
  entry(
    'completion bash',
    'Generate the autocompletion script for bash',
    () => import('#cli/commands/completion-bash.ts'),
  ),
  entry(
    'completion fish',
    'Generate the autocompletion script for fish',
    () => import('#cli/commands/completion-fish.ts'),
  ),
  entry(
    'completion zsh',
    'Generate the autocompletion script for zsh',
    () => import('#cli/commands/completion-zsh.ts'),
  ),
]

export const commandTable: readonly CommandEntry[] = [
  ...containerEntries,
  ...imageEntries,
  ...builderEntries,
  ...otherEntries,
]
