/**
 * The bench runs in a network and mount namespace of its own, so that the rules, bridges and mounts of
 * every engine in it end with it, and the engines of the machine never notice.
 */
import { spawnSync } from 'node:child_process'
import { runOk } from '#test/support/commands.ts'

const marker = 'GANTRY_BENCH_NAMESPACE'

export function isInNamespace(): boolean {
  return process.env[marker] === '1'
}

/** Runs this program again inside; gives its exit code. */
export function rerunInNamespace(): number {
  const args = ['--net', '--mount', '--ipc', process.execPath, ...process.argv.slice(1)]
  const { status } = spawnSync('unshare', args, {
    stdio: 'inherit',
    env: { ...process.env, [marker]: '1' },
  })
  return status ?? 1
}

/** Loopback up, and a /sys that shows this namespace's links while the cgroups stay where they are. */
export async function prepareNamespace(): Promise<void> {
  const script = `
    ip link set lo up
    kept=$(mktemp -d)
    mount --rbind /sys/fs/cgroup "$kept"
    mount -t sysfs sysfs /sys
    mount --rbind "$kept" /sys/fs/cgroup
    umount -l "$kept"
    rmdir "$kept"
    mount -t tmpfs tmpfs /run
    mkdir -p /run/lock
  `
  await runOk('sh', ['-ec', script])
}
