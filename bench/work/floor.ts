import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { busyboxFiles } from '#test/support/busybox.ts'
import { runOk } from '#test/support/commands.ts'
import { makeTar } from '#test/support/images.ts'
import { measureRounds, timed } from '#bench/figure.ts'
import type { Figure } from '#bench/figure.ts'
import { benchImage } from '#bench/images.ts'
import { command, removeContainers } from '#bench/peers/peer.ts'
import type { Peer } from '#bench/peers/peer.ts'

const rounds = 15

/** What the OCI runtime alone needs for the same container: nothing on top of it can be faster. */
export async function floorFigures(peers: readonly Peer[]): Promise<Figure[]> {
  const gantry = peers.find(({ name }) => name === 'gantry')
  if (!gantry) return []
  const bundle = await makeBundle(gantry)
  const measure = (_peer: Peer, round: number) =>
    timed(() => runOk('crun', ['run', '--bundle', bundle, `gantry-bench-floor-${round}`]))
  const plan = { name: 'floor: crun run of the same bundle', unit: 'ms' as const, rounds, measure }
  return [await measureRounds([gantry], plan)]
}

/** Gantry's own config.json of a container without network, on a plain folder as root filesystem. */
async function makeBundle(gantry: Peer): Promise<string> {
  const folder = `${gantry.root}/floor`
  mkdirSync(`${folder}/rootfs`, { recursive: true })
  const tar = await makeTar(await busyboxFiles())
  await runOk('tar', ['-x', '-C', `${folder}/rootfs`], { input: tar })
  await command(gantry, ['run', '-d', '--network', 'none', benchImage, 'sleep', '600'])
  const [path = ''] = globSync(`${gantry.root}/run/**/config.json`)
  const spec: unknown = JSON.parse(readFileSync(path, 'utf8'))
  await removeContainers(gantry)
  writeFileSync(`${folder}/config.json`, JSON.stringify(adapt(spec, `${folder}/rootfs`)))
  return folder
}

/** The same container on another root filesystem, with a namespace of its own and nothing of the engine's. */
function adapt(spec: unknown, rootfs: string): unknown {
  const config = spec as {
    process: { args: string[]; terminal?: boolean }
    root: { path: string }
    mounts: { source?: string; destination: string }[]
    linux: { cgroupsPath?: string; namespaces: { type: string; path?: string }[] }
  }
  return {
    ...config,
    process: { ...config.process, args: ['true'] },
    root: { ...config.root, path: rootfs },
    hooks: undefined,
    mounts: config.mounts.filter(({ source }) => !source?.startsWith('/tmp/')),
    linux: {
      ...config.linux,
      cgroupsPath: '/gantry-bench/floor',
      namespaces: config.linux.namespaces.map(({ type }) => ({ type })),
    },
  }
}
