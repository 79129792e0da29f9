/** The root filesystem of a build as a tar: for `type=tar`, and for `type=local`, which the client unpacks. */
import type { ExportJob } from '#build/export/job.ts'
import { openWorkspace } from '#build/ops/workspace.ts'
import { formatPlatform } from '#oci/platform.ts'
import { mountSnapshot, unmountSnapshot } from '#store/mounts.ts'
import { archiveDirectory } from '#sys/tar/archiver.ts'

/** Several platforms lie in a directory each: `linux_amd64/`. */
export async function* archiveFiles(
  { built, machine }: ExportJob,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  await using workspace = openWorkspace(machine)
  const [first, ...others] = built
  if (!first) return
  if (others.length === 0) {
    const directory = await workspace.open(first.result)
    yield* archiveDirectory({ directory, leavesOutRoot: true }, signal)
    return
  }
  const directory = workspace.makeDirectory('platforms')
  for (const { platform, result } of built) {
    const name = `platforms/${formatPlatform(platform).replaceAll('/', '_')}`
    const target = workspace.makeDirectory(name, 0o755)
    const source = await workspace.open(result)
    mountSnapshot({ type: 'bind', source, isReadOnly: true }, target)
    workspace.defer('unmount', () => unmountSnapshot(target))
  }
  yield* archiveDirectory({ directory, leavesOutRoot: true }, signal)
}
