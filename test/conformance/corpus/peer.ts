/** Docker's engine of Debian's testing with BuildKit, from the folder that scripts/corpus-peer.sh fills. */
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { removeCgroups } from '#bench/cleanup.ts'
import { startDaemon } from '#bench/peers/daemon.ts'
import { run } from '#test/support/commands.ts'
import type { CommandOptions, CommandResult } from '#test/support/commands.ts'
import { cacheFolder } from '#test/support/paths.ts'

export interface BuildPeer {
  docker(args: readonly string[], options?: CommandOptions): Promise<CommandResult>
  stop(): Promise<void>
}

export const debianArchive = () => `${cacheFolder('corpus-peer')}/debian.tar`

const cgroupParent = 'gantry-corpus'

/** `undefined` when its programs are not unpacked. No bridge: every step uses the host's network. */
export async function startBuildPeer(root: string): Promise<BuildPeer | undefined> {
  const folder = cacheFolder('corpus-peer')
  if (!existsSync(`${folder}/bin/dockerd`)) return undefined
  const socketPath = `${root}/docker.sock`
  mkdirSync(`${root}/config`, { recursive: true })
  symlinkSync(`${folder}/cli-plugins`, `${root}/config/cli-plugins`)
  const flags = {
    host: `unix://${socketPath}`,
    'data-root': `${root}/data`,
    'exec-root': `${root}/exec`,
    pidfile: `${root}/pid`,
    bridge: 'none',
    iptables: 'false',
    ip6tables: 'false',
    'cgroup-parent': `/${cgroupParent}`,
    'log-level': 'error',
  }
  const daemon = await startDaemon({
    program: `${folder}/bin/dockerd`,
    args: Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    env: { PATH: `${folder}/bin:${process.env['PATH']}` },
    logPath: `${root}/log`,
    socketPath,
  })
  const env = { DOCKER_HOST: `unix://${socketPath}`, DOCKER_CONFIG: `${root}/config` }
  return {
    docker: (args, options = {}) =>
      run('docker', args, {
        ...options,
        env: { ...env, DOCKER_BUILDKIT: '1', DOCKER_CONTEXT: undefined, ...options.env },
      }),
    async stop() {
      await daemon.end()
      await removeCgroups([cgroupParent])
    },
  }
}
