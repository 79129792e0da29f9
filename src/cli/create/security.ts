import { readFileSync } from 'node:fs'
import { EngineError, errorMessage } from '#base/errors.ts'
import { nonEmpty, toRecord } from '#cli/create/pairs.ts'
import type { CreatePart } from '#cli/create/parts.ts'
import type { FlagSet } from '#cli/flags/flag-set.ts'
import type { DeviceMapping } from '#wire/host-config.ts'

/** Flags about rights, namespaces and devices. */
export function declareSecurityFlags(flags: FlagSet): () => CreatePart {
  const namespaces = declareNamespaceFlags(flags)
  const privileged = flags.bool('privileged', 'Give extended privileges to this container')
  const capAdd = flags.list('cap-add', 'Add Linux capabilities')
  const capDrop = flags.list('cap-drop', 'Drop Linux capabilities')
  const securityOpt = flags.list('security-opt', 'Security Options')
  const device = flags.list('device', 'Add a host device to the container', { check: checkDevice })
  const deviceRule = flags.list(
    'device-cgroup-rule',
    'Add a rule to the cgroup allowed devices list',
    { check: checkDeviceRule },
  )
  const sysctl = flags.list('sysctl', 'Sysctl options', { type: 'map' })
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
    CgroupnsMode: cgroupns.value || undefined,
    IpcMode: ipc.value || undefined,
    PidMode: pid.value || undefined,
    UTSMode: uts.value || undefined,
    UsernsMode: userns.value || undefined,
  })
}

/** `seccomp=profile.json` sends the file's content: the engine may run on another machine. */
function inlineProfile(option: string): string {
  const match = /^seccomp[=:](.*)$/s.exec(option)
  const value = match?.[1]
  if (value === undefined || value === 'unconfined' || value === 'builtin') return option
  try {
    return `seccomp=${JSON.stringify(JSON.parse(readFileSync(value, 'utf8')))}`
  } catch (error) {
    const message = `opening seccomp profile (${value}) failed: ${errorMessage(error)}`
    throw new EngineError('invalid_argument', message, { cause: error })
  }
}

function checkDevice(text: string): string {
  parseDevice(text)
  return text
}

/** `/dev/sda`, `/dev/sda:/dev/xvdc`, `/dev/sda:/dev/xvdc:rwm`, `/dev/sda:rw`. @throws Error */
export function parseDevice(text: string): DeviceMapping {
  const [host = '', second, third, ...rest] = text.split(':')
  const isRights = (part: string | undefined) => part !== undefined && /^[rwm]{1,3}$/.test(part)
  const hasOnlyRights = third === undefined && isRights(second)
  const target = second === undefined || hasOnlyRights ? host : second
  const rights = hasOnlyRights ? second : (third ?? 'rwm')
  if (rest.length > 0 || host === '') throw new Error(`invalid device specification: ${text}`)
  if (!isRights(rights)) throw new Error(`bad mode specified: ${rights}`)
  return { PathOnHost: host, PathInContainer: target, CgroupPermissions: rights }
}

function checkDeviceRule(text: string): string {
  if (/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(text)) return text
  throw new Error(`invalid device cgroup format '${text}'`)
}
