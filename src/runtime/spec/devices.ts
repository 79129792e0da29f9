/** Device nodes and the cgroup's device rules. */
import { readdirSync, type Stats, statSync } from 'node:fs'
import { EngineError } from '#base/errors.ts'
import type { RuntimeDevice, RuntimeResources } from '#oci/runtime-spec.ts'
import { deviceNumbers } from '#sys/files.ts'
import type { DeviceInput, SpecInput } from '#runtime/spec/types.ts'

type DeviceRule = NonNullable<RuntimeResources['devices']>[number]

/** The runtime makes these itself (config-linux.md "Default Devices"); rules must allow them. */
const allowedByDefault: readonly (readonly [number, number])[] = [
  [1, 5],
  [1, 3],
  [1, 9],
  [1, 8],
  [5, 0],
  [5, 1],
]

export interface ResolvedDevices {
  readonly nodes: readonly RuntimeDevice[]
  readonly rules: readonly DeviceRule[]
}

/** @throws EngineError invalid_argument with Docker's texts */
export function resolveDevices(input: SpecInput): ResolvedDevices {
  if (input.isPrivileged === true) {
    return { nodes: listHostDevices('/dev'), rules: [{ allow: true, access: 'rwm' }] }
  }
  const asked = (input.devices ?? []).flatMap(resolveDevice)
  return {
    nodes: asked.map(({ node }) => node),
    rules: [
      { allow: false, access: 'rwm' },
      ...allowedByDefault.map(([major, minor]) => ({
        allow: true,
        type: 'c',
        major,
        minor,
        access: 'rwm',
      })),
      ...asked.map(({ node, access }) => ruleOf(node, access)),
      ...(input.deviceCgroupRules ?? []).map(parseDeviceRule),
    ],
  }
}

interface AskedDevice {
  readonly node: RuntimeDevice
  readonly access: string
}

function resolveDevice(device: DeviceInput): readonly AskedDevice[] {
  const stats = statSync(device.hostPath, { throwIfNoEntry: false })
  if (!stats) {
    throw new EngineError(
      'invalid_argument',
      `error gathering device information while adding custom device "${device.hostPath}": no such file or directory`,
    )
  }
  const access = device.permissions === '' ? 'rwm' : device.permissions
  if (stats.isDirectory()) {
    return listHostDevices(device.hostPath).map((node) => ({
      node: { ...node, path: device.containerPath + node.path.slice(device.hostPath.length) },
      access,
    }))
  }
  const node = nodeOf(device.containerPath, stats)
  if (!node) {
    throw new EngineError(
      'invalid_argument',
      `error gathering device information while adding custom device "${device.hostPath}": not a device node`,
    )
  }
  return [{ node, access }]
}

function nodeOf(path: string, stats: Stats): RuntimeDevice | undefined {
  if (!stats.isCharacterDevice() && !stats.isBlockDevice()) return undefined
  const { major, minor } = deviceNumbers(BigInt(stats.rdev))
  return {
    type: stats.isBlockDevice() ? 'b' : 'c',
    path,
    major,
    minor,
    fileMode: stats.mode & 0o777,
    uid: stats.uid,
    gid: stats.gid,
  }
}

/** Directories that hold no devices of the machine, or another container's. */
const skipped = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev'])

function listHostDevices(directory: string): readonly RuntimeDevice[] {
  const nodes: RuntimeDevice[] = []
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`
    if (entry.isDirectory()) {
      if (!skipped.has(entry.name)) nodes.push(...listHostDevices(path))
    } else if (entry.name !== 'console' && (entry.isCharacterDevice() || entry.isBlockDevice())) {
      const stats = statSync(path, { throwIfNoEntry: false })
      const node = stats && nodeOf(path, stats)
      if (node) nodes.push(node)
    }
  }
  return nodes
}

function ruleOf(node: RuntimeDevice, access: string): DeviceRule {
  return {
    allow: true,
    type: node.type,
    access,
    ...(node.major === undefined ? {} : { major: node.major }),
    ...(node.minor === undefined ? {} : { minor: node.minor }),
  }
}

/** `c 1:3 rwm`, `b 8:* r`, `a *:* rwm`. @throws EngineError invalid_argument */
export function parseDeviceRule(text: string): DeviceRule {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text)
  if (!match) {
    throw new EngineError('invalid_argument', `invalid device cgroup rule format: '${text}'`)
  }
  const [, type = 'a', major = '*', minor = '*', access = ''] = match
  return {
    allow: true,
    type,
    access,
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
  }
}
