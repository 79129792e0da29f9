import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { deserialize, serialize } from 'node:v8'
import { busyboxDockerArchive } from '#test/support/busybox.ts'
import { makeImage } from '#test/support/images.ts'
import type { FileEntry, TestImage } from '#test/support/images.ts'
import { cacheFolder } from '#test/support/paths.ts'
import { command } from '#bench/peers/peer.ts'
import type { Peer } from '#bench/peers/peer.ts'

/** A small userland: the time of a container is the engine's, not the program's. */
export const benchImage = 'busybox:latest'

export async function loadBenchImage(peer: Peer): Promise<void> {
  const archive = await busyboxDockerArchive()
  await command(peer, ['load', '--quiet', '--input', archive])
}

const layerCount = 8
const filesPerLayer = 2500
const fileBytes = 25_000

export interface LargeImage {
  readonly image: TestImage
  readonly files: number
  readonly bytes: number
}

/** 500 MB in 20,000 files, half of which compresses away; made once and kept in the cache folder. */
export async function largeImage(): Promise<LargeImage> {
  const path = `${cacheFolder('bench')}/large-${layerCount}x${filesPerLayer}x${fileBytes}`
  const size = { files: layerCount * filesPerLayer, bytes: layerCount * filesPerLayer * fileBytes }
  if (existsSync(path)) return { image: deserialize(readFileSync(path)) as TestImage, ...size }
  process.stdout.write('making the large image (once)\n')
  const nextBytes = pseudoRandom()
  const layers = Array.from({ length: layerCount }, (_, layer) => layerFiles(layer, nextBytes))
  const image = { ...(await makeImage({ layers, config: { Cmd: ['sh'] } })), tars: [] }
  const temporary = `${path}.${randomUUID()}`
  writeFileSync(temporary, serialize(image))
  renameSync(temporary, path)
  return { image, ...size }
}

function layerFiles(layer: number, nextBytes: (bytes: number) => Buffer): FileEntry[] {
  return Array.from({ length: filesPerLayer }, (_, index): FileEntry => {
    // Hex digits carry four bits each: compression halves them, as it does with programs and libraries.
    const content = nextBytes(fileBytes / 2).toString('hex')
    return { path: `data/${layer}/${index % 50}/file-${index}`, type: 'file', content }
  })
}

/** The same bytes every time (xorshift32). */
function pseudoRandom(): (bytes: number) => Buffer {
  let state = 0x9e3779b9
  return (bytes) => {
    const words = new Uint32Array(Math.ceil(bytes / 4))
    for (let index = 0; index < words.length; index++) {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      words[index] = state
    }
    return Buffer.from(words.buffer, 0, bytes)
  }
}
