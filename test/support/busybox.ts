import { readFileSync } from 'node:fs'
import { cacheFile, dockerArchive, ociArchive } from '#test/support/archives.ts'
import { runOk } from '#test/support/commands.ts'
import { makeImage } from '#test/support/images.ts'
import type { FileEntry, ImageRecipe, TestImage } from '#test/support/images.ts'

/** Debian's busybox-static: one static program that is a whole userland. */
const busyboxPath = '/bin/busybox'

export const busyboxReference = 'busybox:latest'

/** The files of a small userland: busybox, a link per applet, users, groups and /tmp. */
export async function busyboxFiles(): Promise<FileEntry[]> {
  const { stdout } = await runOk(busyboxPath, ['--list'])
  const applets = stdout
    .trim()
    .split('\n')
    .filter((applet) => applet !== 'busybox')
  const folders = ['bin', 'etc', 'home', 'root', 'usr', 'usr/bin', 'var']
  return [
    ...folders.map((path): FileEntry => ({ path, type: 'directory' })),
    { path: 'tmp', type: 'directory', mode: 0o1777 },
    { path: 'bin/busybox', type: 'file', mode: 0o755, content: readFileSync(busyboxPath) },
    ...applets.map((applet): FileEntry => ({
      path: `bin/${applet}`,
      type: 'symlink',
      target: 'busybox',
      mode: 0o777,
    })),
    { path: 'usr/bin/env', type: 'symlink', target: '../../bin/busybox', mode: 0o777 },
    { path: 'etc/passwd', type: 'file', content: passwd },
    { path: 'etc/group', type: 'file', content: group },
  ]
}

/** The busybox image: `sh` is its command. `recipe` changes or adds what a test needs. */
export async function busyboxImage(recipe: Partial<ImageRecipe> = {}): Promise<TestImage> {
  return makeImage({
    ...recipe,
    layers: [await busyboxFiles(), ...(recipe.layers ?? [])],
    config: { Cmd: ['sh'], Env: [pathVariable], ...recipe.config },
  })
}

/** Path of a docker-archive tar of `busybox:latest`, for `docker load`. */
export async function busyboxDockerArchive(): Promise<string> {
  return cacheFile('busybox-docker.tar', await dockerArchive(await image(), [busyboxReference]))
}

/** Path of an OCI layout tar of `busybox:latest`, for `docker load`. */
export async function busyboxOciArchive(): Promise<string> {
  return cacheFile('busybox-oci.tar', await ociArchive(await image(), [busyboxReference]))
}

let made: Promise<TestImage> | undefined

function image(): Promise<TestImage> {
  return (made ??= busyboxImage())
}

const pathVariable = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

const passwd = `root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
www:x:33:33:www:/var:/bin/false
alice:x:1000:1000:Alice:/home/alice:/bin/sh
nobody:x:65534:65534:nobody:/home:/bin/false
`

const group = `root:x:0:
daemon:x:1:
www:x:33:
alice:x:1000:
extra:x:1001:alice
nobody:x:65534:
`
