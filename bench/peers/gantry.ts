import { projectRoot } from '#test/support/paths.ts'
import { startDaemon } from '#bench/peers/daemon.ts'
import type { Peer } from '#bench/peers/peer.ts'
import { versionOf } from '#bench/peers/version.ts'

export async function startGantry(root: string): Promise<Peer> {
  const socketPath = `${root}/gantry.sock`
  const flags = {
    host: `unix://${socketPath}`,
    'data-root': `${root}/data`,
    'exec-root': `${root}/run`,
    pidfile: `${root}/pid`,
    bridge: 'gantry0',
    bip: '172.30.0.1/16',
    'cgroup-parent': '/gantry-bench/gantry',
    // As dockerd by default: a work that fails leaves no container behind.
    'live-restore': 'false',
  }
  const program = `${projectRoot}/dist/gantryd`
  const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  const daemon = await startDaemon({ program, args, logPath: `${root}/log`, socketPath })
  const cli = `${projectRoot}/dist/gantry`
  return {
    name: 'gantry',
    version: await versionOf(cli),
    cli: [cli, '--host', `unix://${socketPath}`],
    env: { DOCKER_CONFIG: `${root}/config` },
    root,
    socketPath,
    daemons: [daemon],
    hasResidentEngine: true,
    removeCommand: ['rm', '--force'],
  }
}
