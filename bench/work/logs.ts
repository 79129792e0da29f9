import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { measureRounds, timed } from '#bench/figure.ts'
import type { Figure } from '#bench/figure.ts'
import { benchImage } from '#bench/images.ts'
import { command, removeContainers } from '#bench/peers/peer.ts'
import type { Peer } from '#bench/peers/peer.ts'

const totalBytes = 200_000_000
const line = `${'x'.repeat(99)}\n`
const rounds = 3

/** 200 MB of 100-byte lines: how fast a container gets rid of them, and how fast `logs` gives them back. */
export async function logFigures(peers: readonly Peer[]): Promise<Figure[]> {
  const expected = createHash('sha256')
    .update(line.repeat(totalBytes / line.length))
    .digest('hex')
  const script = `yes ${line.trim()} | head -c ${totalBytes}`
  const readTimes = new Map<string, number[]>(peers.map(({ name }) => [name, []]))
  const write = await measureRounds(peers, {
    name: `log write, ${totalBytes / 1e6} MB`,
    unit: 's',
    rounds,
    async measure(peer, round) {
      const elapsedMs = await timed(async () => {
        await command(peer, ['run', '-d', '--name', 'writer', benchImage, 'sh', '-c', script])
        await command(peer, ['wait', 'writer'])
      })
      const readMs = await timed(() => checkLog(peer, expected))
      if (round > 0) readTimes.get(peer.name)?.push(readMs / 1000)
      await removeContainers(peer)
      return elapsedMs / 1000
    },
  })
  return [write, { name: `log read, ${totalBytes / 1e6} MB`, unit: 's', values: readTimes }]
}

/** Reads the whole log and throws when it is not what was written, byte for byte. */
async function checkLog(peer: Peer, expected: string): Promise<void> {
  const [program = '', ...prefix] = peer.cli
  const child = spawn(program, [...prefix, 'logs', 'writer'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...peer.env },
  })
  const digest = createHash('sha256')
  child.stdout.on('data', (chunk: Buffer) => digest.update(chunk))
  await once(child, 'close')
  const actual = digest.digest('hex')
  if (actual !== expected) throw new Error(`${peer.name}: the log reads ${actual}, not ${expected}`)
}
