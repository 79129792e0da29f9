/** What of a specification can be refused before there is a container. */
import { EngineError } from '#base/errors.ts'
import { resolveCapabilities } from '#runtime/spec/capabilities.ts'
import { parseDeviceRule } from '#runtime/spec/devices.ts'
import { parseSecurityOptions } from '#runtime/spec/security.ts'
import type { SpecInput } from '#runtime/spec/types.ts'
import { checkUlimit } from '#runtime/spec/ulimits.ts'

type Checked = Pick<
  SpecInput,
  'capAdd' | 'capDrop' | 'securityOpt' | 'devices' | 'deviceCgroupRules' | 'ulimits'
>

/** @throws EngineError invalid_argument with Docker's texts */
export function checkSecurity(input: Checked): void {
  const { capAdd = [], capDrop = [] } = input
  resolveCapabilities({ capAdd, capDrop, isPrivileged: false }, new Set())
  parseSecurityOptions(input.securityOpt ?? [])
  for (const rule of input.deviceCgroupRules ?? []) parseDeviceRule(rule)
  for (const { permissions } of input.devices ?? []) {
    if (!/^(?!.*(.).*\1)[rwm]{1,3}$/.test(permissions)) {
      throw new EngineError('invalid_argument', `bad mode specified: ${permissions}`)
    }
  }
  for (const ulimit of input.ulimits ?? []) checkUlimit(ulimit)
}
