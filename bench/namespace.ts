/**
 * The bench runs in a network and mount namespace of its own, so that the rules, bridges and mounts of
 * every engine in it end with it, and the engines of the machine never notice.
 */
import { spawnSync } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { runOk } from '#test/support/commands.ts'

const rootVariable = 'GANTRY_BENCH_ROOT'

/** The folder for everything that the engines write; `undefined` outside the namespace. */
export function namespaceRoot(): string | undefined {
  return process.env[rootVariable]
}

/**
 * Runs this program again in new network, mount, IPC and pid namespaces, and gives its exit code.
 * With the first process in it all others end, whatever happened.
 */
export function rerunInNamespace(root: string): number {
  const namespaces = [
    '--net',
    '--mount',
    '--ipc',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
  ]
  // A copy: the engine is the same program, and would count as sharing its pages with this one.
  const node = `${root}/node`
  copyFileSync(process.execPath, node)
  const args = [...namespaces, node, ...process.argv.slice(1)]
  // Ctrl-C reaches the inner program too; this one stays to clean up.
  process.on('SIGINT', () => undefined)
  const { status } = spawnSync('unshare', args, {
    stdio: 'inherit',
    env: { ...process.env, [rootVariable]: root },
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
