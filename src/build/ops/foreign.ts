/** Steps for other platforms run by emulation, when the machine is set up for it. */
import { EngineError } from '#base/errors.ts'
import type { Platform } from '#oci/descriptor.ts'
import { formatPlatform, hostPlatform, matchesPlatform } from '#oci/platform.ts'
import { foreignSupport } from '#sys/binfmt.ts'

/** @throws EngineError failed_precondition when programs of `platform` cannot run here */
export function checkRunnable(platform: Platform): void {
  if (matchesPlatform(hostPlatform(), platform)) return
  const support = foreignSupport(platform.architecture)
  switch (support.type) {
    case 'ready':
      return
    case 'none':
      throw cannotRun(platform, 'no emulator is registered with binfmt_misc', {
        hint: 'install one: apt-get install qemu-user-static binfmt-support',
      })
    case 'outside':
      throw cannotRun(platform, `its emulator "${support.handler}" is registered without flag F`, {
        hint: 'containers do not see the emulator: register it again with the flag F',
      })
  }
}

function cannotRun(platform: Platform, reason: string, options: { hint: string }): EngineError {
  const text = formatPlatform(platform)
  return new EngineError('failed_precondition', `cannot run steps for ${text}: ${reason}`, options)
}
