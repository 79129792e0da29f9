/** Kernel files that containers must not read or write. */
import { readdirSync } from 'node:fs'

const masked = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
]

export const defaultReadonlyPaths: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
]

let known: readonly string[] | undefined

/** The list, with the thermal counters of each processor this machine shows (a side channel). */
export function defaultMaskedPaths(): readonly string[] {
  known ??= [...masked, ...thermalPaths()]
  return known
}

function thermalPaths(): readonly string[] {
  const directory = '/sys/devices/system/cpu'
  try {
    return readdirSync(directory)
      .filter((name) => /^cpu\d+$/.test(name))
      .filter((name) => readdirSync(`${directory}/${name}`).includes('thermal_throttle'))
      .map((name) => `${directory}/${name}/thermal_throttle`)
  } catch {
    return []
  }
}
