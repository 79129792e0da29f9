import { writeFileSync } from 'node:fs'
import { startDaemon } from '#bench/peers/daemon.ts'
import type { Peer } from '#bench/peers/peer.ts'
import { isInstalled, versionOf } from '#bench/peers/version.ts'

/** Podman with storage of its own, and its API service for the API figures. `undefined` when not installed. */
export async function startPodman(root: string): Promise<Peer | undefined> {
  if (!(await isInstalled('podman'))) return undefined
  writeFileSync(`${root}/containers.conf`, containersConf)
  writeFileSync(`${root}/registries.conf`, registriesConf)
  const env = {
    CONTAINERS_CONF: `${root}/containers.conf`,
    CONTAINERS_REGISTRIES_CONF: `${root}/registries.conf`,
  }
  const flags = {
    root: `${root}/data`,
    runroot: `${root}/run`,
    tmpdir: `${root}/run/tmp`,
    'network-config-dir': `${root}/networks`,
    'cgroup-manager': 'cgroupfs',
  }
  const globals = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  const socketPath = `${root}/podman.sock`
  const daemon = await startDaemon({
    program: 'podman',
    args: [...globals, 'system', 'service', '--time=0', `unix://${socketPath}`],
    env,
    logPath: `${root}/log`,
    socketPath,
  })
  return {
    name: 'podman',
    version: await versionOf('podman'),
    cli: ['podman', ...globals],
    env,
    root,
    socketPath,
    daemons: [daemon],
    hasResidentEngine: false,
    removeCommand: ['rm', '--force', '--time=0'],
  }
}

// Podman raises these limits as far as a kernel with all rights lets it; some virtual machines do not.
const containersConf = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
`

const registriesConf = `[[registry]]
location = "127.0.0.1"
insecure = true
`
