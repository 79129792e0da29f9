import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname } from 'node:path'
import { cacheFolder } from '#test/support/paths.ts'
import { startDaemon } from '#bench/peers/daemon.ts'
import type { Peer } from '#bench/peers/peer.ts'
import { isInstalled, versionOf } from '#bench/peers/version.ts'

/** dockerd and the containerd that it starts by itself. `undefined` when not installed. */
export async function startDocker(root: string, program = 'dockerd'): Promise<Peer | undefined> {
  if (!(await isInstalled(program)) || !(await isInstalled('docker'))) return undefined
  const socketPath = `${root}/docker.sock`
  const flags = {
    host: `unix://${socketPath}`,
    'data-root': `${root}/data`,
    'exec-root': `${root}/run`,
    pidfile: `${root}/pid`,
    bip: '172.29.0.1/16',
    'cgroup-parent': '/gantry-bench/docker',
    'log-level': 'error',
  }
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  const logPath = `${root}/log`
  linkBuildx(`${root}/config`)
  const daemon = await startDaemon({
    program,
    args,
    env: program.includes('/') ? { PATH: `${dirname(program)}:${process.env['PATH']}` } : {},
    logPath,
    socketPath,
  })
  return {
    name: 'docker',
    version: `${await versionOf(program)}, command line ${await versionOf('docker')}`,
    cli: ['docker', '--host', `unix://${socketPath}`],
    env: { DOCKER_CONFIG: `${root}/config`, DOCKER_BUILDKIT: hasBuildx() ? '1' : '0' },
    root,
    socketPath,
    daemons: [daemon],
    hasResidentEngine: true,
    removeCommand: ['rm', '--force'],
  }
}

const buildxFolder = () => `${cacheFolder('corpus-peer')}/cli-plugins`
const hasBuildx = () => existsSync(`${buildxFolder()}/docker-buildx`)

/** BuildKit is reached through a plug-in of the command line, which scripts/corpus-peer.sh unpacks. */
function linkBuildx(config: string): void {
  mkdirSync(config, { recursive: true })
  if (hasBuildx()) symlinkSync(buildxFolder(), `${config}/cli-plugins`)
}
