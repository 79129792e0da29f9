/**
 * `gantry` starts the engine when root asks and none runs. That is the engine of the machine, with its
 * default places: here it has a machine of its own, made of namespaces;
 * whatever still starts there when the script is done ends with it.
 */
import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, chmodSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { run } from '#test/support/commands.ts'
import { projectRoot } from '#test/support/paths.ts'

const env = { DOCKER_HOST: undefined, DOCKER_CONTEXT: undefined, DOCKER_CONFIG: undefined }

/** Runs a script where `/run`, `/var/lib` and `/var/log` are empty and no other engine is seen. */
function onFreshMachine(script: string) {
  const places = ['/run', '/var/lib', '/var/log']
  const setup = [
    'set -u',
    'ip link set lo up',
    ...places.map((place) => `mount -t tmpfs tmpfs ${place}`),
  ]
  const args = [
    '-mnp',
    '--fork',
    '--kill-child',
    '--mount-proc',
    '--propagation',
    'private',
    'bash',
    '-c',
    [...setup, script].join('\n'),
  ]
  return run('unshare', args, { env })
}

/** Ends the engine that answers, and waits until it is gone. */
const stopEngine = `
pid=$(cat /run/gantry/gantryd.pid)
kill "$pid"
while kill -0 "$pid" 2>/dev/null; do sleep 0.02; done
`

test('the first command starts the engine, and of several at once one says so', async () => {
  const gantry = `${projectRoot}/dist/gantry`
  const { stdout, stderr, code } = await onFreshMachine(`
    for i in 1 2 3; do ${gantry} info -f '{{.DockerRootDir}}' & done
    for job in $(jobs -p); do wait "$job" || exit 1; done
    ${gantry} ps -q || exit 1
    echo "$(cat /run/gantry/gantryd.pid)"
    ${stopEngine}`)
  assert.equal(code, 0, stderr)
  const [first, second, third, pid] = stdout.trim().split('\n')
  assert.deepEqual([first, second, third], Array(3).fill('/var/lib/gantry'))
  const line = `Started the Gantry engine (${projectRoot}/dist/gantryd, pid ${pid}, log in /var/log/gantryd.log)\n`
  assert.equal(stderr, line)
})

test('without root nothing is started, and the text says who can', async (t) => {
  const folder = mkdtempSync(`${tmpdir()}/g-auto-start-`)
  t.after(() => rmSync(folder, { recursive: true }))
  chmodSync(folder, 0o755)
  copyFileSync(`${projectRoot}/dist/gantry`, `${folder}/gantry`)
  const asNobody = `setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=/nonexistent ${folder}/gantry`
  const { stderr } = await onFreshMachine(`
    ${asNobody} ps
    ${projectRoot}/dist/gantry info -f '{{.ID}}' >/dev/null 2>&1
    ${asNobody} ps
    chgrp daemon /run/gantry/gantry.sock
    ${asNobody} ps
    chgrp root /run/gantry/gantry.sock
    ${asNobody} run busybox; echo "$?" >&2
    ${stopEngine}`)
  const place = 'unix:///run/gantry/gantry.sock'
  const denied = `permission denied while trying to connect to the Gantry daemon socket at ${place}\n`
  const join = (group: string) =>
    `join the socket's group: sudo usermod -aG ${group} $USER, then log in again\n`
  const expected = [
    `Cannot connect to the Gantry daemon at ${place}. Is the gantryd daemon running?\n`,
    'start it once as root: sudo gantry info\n',
    denied,
    join('docker'),
    denied,
    join('daemon'),
    `gantry: ${denied}\nRun 'gantry run --help' for more information\n`,
    'the socket is for root alone: use sudo\n126\n',
  ]
  assert.equal(stderr, expected.join(''))
})
