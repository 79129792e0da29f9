import { formatBinarySize } from '#cli/format/units.ts'
import type { Info } from '#wire/system.ts'

/** The plain text of `info`. `info` undefined: no engine answered. */
export function infoText(
  own: { readonly Version: string; readonly Context: string },
  info: Info | undefined,
): string {
  const client = [
    'Client:',
    ` Version:    ${own.Version}`,
    ` Context:    ${own.Context}`,
    ' Debug Mode: false',
    '',
  ]
  return `${[...client, 'Server:', ...(info ? serverLines(info) : [])].join('\n')}\n`
}

function serverLines(info: Info): string[] {
  const plugins = info.Plugins
  return [
    ` Containers: ${info.Containers}`,
    `  Running: ${info.ContainersRunning}`,
    `  Paused: ${info.ContainersPaused}`,
    `  Stopped: ${info.ContainersStopped}`,
    ` Images: ${info.Images}`,
    ` Server Version: ${info.ServerVersion}`,
    ` Storage Driver: ${info.Driver}`,
    ...info.DriverStatus.map(([name, value]) => `  ${name}: ${value}`),
    ` Logging Driver: ${info.LoggingDriver}`,
    ` Cgroup Driver: ${info.CgroupDriver}`,
    ` Cgroup Version: ${info.CgroupVersion}`,
    ' Plugins:',
    `  Volume: ${(plugins.Volume ?? []).join(' ')}`,
    `  Network: ${(plugins.Network ?? []).join(' ')}`,
    `  Log: ${(plugins.Log ?? []).join(' ')}`,
    ` Swarm: ${info.Swarm.LocalNodeState}`,
    ` Runtimes: ${Object.keys(info.Runtimes).join(' ')}`,
    ` Default Runtime: ${info.DefaultRuntime}`,
    ` Init Binary: ${info.InitBinary}`,
    ...section(' Security Options:', info.SecurityOptions.flatMap(securityLines)),
    ` Kernel Version: ${info.KernelVersion}`,
    ` Operating System: ${info.OperatingSystem}`,
    ` OSType: ${info.OSType}`,
    ` Architecture: ${info.Architecture}`,
    ` CPUs: ${info.NCPU}`,
    ` Total Memory: ${formatBinarySize(info.MemTotal)}`,
    ` Name: ${info.Name}`,
    ` ID: ${info.ID}`,
    ` Docker Root Dir: ${info.DockerRootDir}`,
    ` Debug Mode: ${info.Debug}`,
    ...section(
      ' Labels:',
      info.Labels.map((label) => `  ${label}`),
    ),
    ` Experimental: ${info.ExperimentalBuild}`,
    ` Live Restore Enabled: ${info.LiveRestoreEnabled}`,
    ...section(
      ' Default Address Pools:',
      (info.DefaultAddressPools ?? []).map(({ Base, Size }) => `   Base: ${Base}, Size: ${Size}`),
    ),
  ]
}

/** `name=seccomp,profile=builtin` → the name, and the rest below it. */
function securityLines(option: string): string[] {
  const fields = option.split(',').map((field) => field.split('='))
  return fields.map(([key = '', value = '']) =>
    key === 'name' ? `  ${value}` : `   ${key === 'profile' ? 'Profile' : key}: ${value}`,
  )
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines]
}
