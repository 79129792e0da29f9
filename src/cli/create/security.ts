import { readFileSync } from 'node:fs'
import { EngineError, errnoOf, errorMessage } from '#base/errors.ts'
import { nonEmpty, toRecord } from '#cli/create/pairs.ts'
import type { CreatePart } from '#cli/create/parts.ts'
import { parseGpuRequest } from '#cli/create/gpus.ts'
import type { FlagSet } from '#cli/flags/flag-set.ts'
import type { DeviceMapping } from '#wire/host-config.ts'

/** Flags about rights, namespaces and devices. */
export function declareSecurityFlags(flags: FlagSet): () => CreatePart {
  const namespaces = declareNamespaceFlags(flags)
  const privileged = flags.bool('privileged', 'Give extended privileges to this container')
  const capAdd = flags.list('cap-add', 'Add Linux capabilities')
  const capDrop = flags.list('cap-drop', 'Drop Linux capabilities')
  const securityOpt = flags.list('security-opt', 'Security Options')
  const device = flags.list('device', 'Add a host device to the container')
  const deviceRule = flags.list(
    'device-cgroup-rule',
    'Add a rule to the cgroup allowed devices list',
    { check: checkDeviceRule },
  )
  const sysctl = flags.list('sysctl', 'Sysctl options', { type: 'map', check: checkSysctl })
  const gpus = flags.add<readonly object[]>(
    'gpus',
    "GPU devices to add to the container ('all' to pass all GPUs)",
    {
      initial: [],
      type: 'gpu-request',
      parse: (text, previous) => [...previous, parseGpuRequest(text)],
    },
  )
  const isolation = flags.text('isolation', 'Container isolation technology')
  const runtime = flags.text('runtime', 'Runtime to use for this container')
  return () => ({
    host: {
      ...namespaces(),
      Privileged: privileged.value || undefined,
      CapAdd: nonEmpty(capAdd.value),
      CapDrop: nonEmpty(capDrop.value),
      SecurityOpt: nonEmpty(securityOpt.value.map(inlineProfile)),
      Devices: nonEmpty(device.value.map(parseDevice)),
      DeviceCgroupRules: nonEmpty(deviceRule.value),
      DeviceRequests: nonEmpty(gpus.value),
      Isolation: isolation.value || undefined,
      Sysctls: toRecord(sysctl.value),
      Runtime: runtime.value || undefined,
    },
  })
}

function declareNamespaceFlags(flags: FlagSet): () => NonNullable<CreatePart['host']> {
  const cgroupParent = flags.text('cgroup-parent', 'Optional parent cgroup for the container')
  const cgroupns = flags.text('cgroupns', 'Cgroup namespace to use (host|private)')
  const ipc = flags.text('ipc', 'IPC mode to use')
  const pid = flags.text('pid', 'PID namespace to use')
  const uts = flags.text('uts', 'UTS namespace to use')
  const userns = flags.text('userns', 'User namespace to use')
  return () => ({
    CgroupParent: cgroupParent.value || undefined,
    CgroupnsMode: modeOf('cgroupns', cgroupns.value, /^(host|private)$/),
    IpcMode: ipc.value || undefined,
    PidMode: modeOf('pid', pid.value, /^(host|container:.*)$/),
    UTSMode: modeOf('uts', uts.value, /^host$/),
    UsernsMode: modeOf('userns', userns.value, /^host$/),
  })
}

const namespaceNames = { cgroupns: 'CGROUP', pid: 'PID', uts: 'UTS', userns: 'USER' } as const

function modeOf(
  flag: keyof typeof namespaceNames,
  mode: string,
  valid: RegExp,
): string | undefined {
  if (mode === '') return undefined
  if (valid.test(mode)) return mode
  throw invalid(`--${flag}: invalid ${namespaceNames[flag]} mode`)
}

/** `seccomp=profile.json` sends the file's content: the engine may run on another machine. */
function inlineProfile(option: string): string {
  if (!/[=:]/.test(option) && option !== 'no-new-privileges') {
    throw invalid(`Invalid --security-opt: "${option}"`)
  }
  const match = /^seccomp[=:](.*)$/s.exec(option)
  const value = match?.[1]
  if (value === undefined || value === 'unconfined' || value === 'builtin') return option
  try {
    return `seccomp=${JSON.stringify(JSON.parse(readFileSync(value, 'utf8')))}`
  } catch (error) {
    const reason =
      errnoOf(error) === 'ENOENT' ? `open ${value}: no such file or directory` : errorMessage(error)
    const message = `opening seccomp profile (${value}) failed: ${reason}`
    throw new EngineError('invalid_argument', message, { cause: error })
  }
}

/** `/dev/sda`, `/dev/sda:/dev/xvdc`, `/dev/sda:/dev/xvdc:rwm`, `/dev/sda:rw`. @throws EngineError invalid_argument */
export function parseDevice(text: string): DeviceMapping {
  const [host = '', second, third, ...rest] = text.split(':')
  const isRights = (part: string | undefined) => part !== undefined && /^[rwm]{1,3}$/.test(part)
  const hasOnlyRights = third === undefined && isRights(second)
  const target = second === undefined || hasOnlyRights ? host : second
  const rights = hasOnlyRights ? second : (third ?? 'rwm')
  if (rest.length > 0 || host === '') throw invalid(`invalid device specification: ${text}`)
  if (!isRights(rights)) throw invalid(`bad mode specified: ${rights}`)
  return { PathOnHost: host, PathInContainer: target, CgroupPermissions: rights }
}

function checkDeviceRule(text: string): string {
  if (/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(text)) return text
  throw new Error(`invalid device cgroup format '${text}'`)
}

const namespacedSysctl =
  /^(net\..+|fs\.mqueue\..+|kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced))=/

/** Only what belongs to the container's own namespaces. @throws Error with Docker's text */
function checkSysctl(text: string): string {
  if (namespacedSysctl.test(text)) return text
  throw new Error(`sysctl '${text}' is not allowed`)
}

function invalid(message: string): EngineError {
  return new EngineError('invalid_argument', message)
}
