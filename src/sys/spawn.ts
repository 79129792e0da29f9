/**
 * posix_spawn(3). Node's own spawn forks, which stops the main thread for
 * milliseconds once the heap is large; this uses vfork semantics and costs
 * a fraction of one whatever the heap.
 */
import { EngineError } from '#base/errors.ts'
import { type CValue, libcFunction, sysError } from '#sys/ffi.ts'
import { closeDescriptor } from '#sys/files.ts'
import { duplicateDescriptor } from '#sys/pipe.ts'

const posixSpawn = libcFunction<
  [
    pid: Uint8Array,
    path: string,
    actions: Uint8Array,
    attributes: Uint8Array,
    args: readonly CValue[],
    env: readonly CValue[],
  ]
>(
  'int posix_spawn(void *pid, const char *path, void *actions, void *attributes, const char **args, const char **env)',
)
const actionsInit = libcFunction<[actions: Uint8Array]>(
  'int posix_spawn_file_actions_init(void *actions)',
)
const actionsDestroy = libcFunction<[actions: Uint8Array]>(
  'int posix_spawn_file_actions_destroy(void *actions)',
)
const addDup2 = libcFunction<[actions: Uint8Array, from: number, to: number]>(
  'int posix_spawn_file_actions_adddup2(void *actions, int from, int to)',
)
const addOpen = libcFunction<
  [actions: Uint8Array, fd: number, path: string, flags: number, mode: number]
>(
  'int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, uint mode)',
)
const addChdir = libcFunction<[actions: Uint8Array, path: string]>(
  'int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)',
)
const addCloseFrom = libcFunction<[actions: Uint8Array, from: number]>(
  'int posix_spawn_file_actions_addclosefrom_np(void *actions, int from)',
)
const attributesInit = libcFunction<[attributes: Uint8Array]>(
  'int posix_spawnattr_init(void *attributes)',
)
const setFlags = libcFunction<[attributes: Uint8Array, flags: number]>(
  'int posix_spawnattr_setflags(void *attributes, short flags)',
)
const setMask = libcFunction<[attributes: Uint8Array, mask: Uint8Array]>(
  'int posix_spawnattr_setsigmask(void *attributes, const void *mask)',
)
const setDefault = libcFunction<[attributes: Uint8Array, signals: Uint8Array]>(
  'int posix_spawnattr_setsigdefault(void *attributes, const void *signals)',
)

/** What a descriptor of the child is: one of ours, or /dev/null. */
export type ChildDescriptor = number | 'null'

export interface SpawnOptions {
  /** Absolute path of the program. */
  readonly path: string
  /** Without argv[0], which is `path`. */
  readonly args: readonly string[]
  /** `NAME=value`; nothing is inherited. */
  readonly env: readonly string[]
  readonly cwd?: string
  /** The child's descriptors from 0 up; every other one is closed. */
  readonly descriptors: readonly ChildDescriptor[]
  /** Starts a session of its own (setsid): terminal signals of the engine do not reach it. */
  readonly isSessionLeader?: boolean
}

const attributes = prepareAttributes(false)
const sessionAttributes = prepareAttributes(true)

/** Starts a process and returns its pid. @throws EngineError with the errno and the path */
export function spawn(options: SpawnOptions): number {
  const actions = Buffer.alloc(256)
  actionsInit(actions)
  const duplicates: number[] = []
  try {
    addDescriptors(actions, options.descriptors, duplicates)
    addCloseFrom(actions, options.descriptors.length)
    if (options.cwd !== undefined) addChdir(actions, options.cwd)
    const pid = Buffer.alloc(4)
    const error = posixSpawn(
      pid,
      options.path,
      actions,
      options.isSessionLeader === true ? sessionAttributes : attributes,
      [options.path, ...options.args.map(withoutNul), null],
      [...options.env.map(withoutNul), null],
    )
    if (error !== 0) throw sysError('start', error, options.path)
    return pid.readInt32LE(0)
  } finally {
    actionsDestroy(actions)
    for (const fd of duplicates) closeDescriptor(fd)
  }
}

/** Sources are first moved above every target, so that no step overwrites a later source. */
function addDescriptors(
  actions: Uint8Array,
  descriptors: readonly ChildDescriptor[],
  duplicates: number[],
): void {
  const readWrite = 2
  for (const [target, source] of descriptors.entries()) {
    if (source === 'null') {
      addOpen(actions, target, '/dev/null', readWrite, 0)
      continue
    }
    let from = source
    if (source < descriptors.length) {
      from = duplicateDescriptor(source, descriptors.length)
      duplicates.push(from)
    }
    addDup2(actions, from, target)
  }
}

/** An empty signal mask and default dispositions: Node ignores SIGPIPE, programs must not. */
function prepareAttributes(isSessionLeader: boolean): Uint8Array {
  const setSignalDefaults = 0x04
  const setSignalMask = 0x08
  const setSession = 0x80
  const prepared = Buffer.alloc(512)
  attributesInit(prepared)
  setFlags(prepared, setSignalDefaults | setSignalMask | (isSessionLeader ? setSession : 0))
  setMask(prepared, Buffer.alloc(128))
  const everySignal = Buffer.alloc(128)
  everySignal.fill(0xff, 0, 8)
  setDefault(prepared, everySignal)
  return prepared
}

function withoutNul(text: string): string {
  if (text.includes('\0')) {
    throw new EngineError('invalid_argument', 'start process: an argument contains a NUL byte')
  }
  return text
}
