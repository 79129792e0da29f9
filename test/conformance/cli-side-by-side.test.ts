/**
 * One command, two command lines, one engine: what `gantry` writes to stdout and stderr and its exit
 * code are the official client's. Commands read, or leave nothing behind, so that the order of the two does not matter.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { run } from '#test/support/commands.ts'
import type { CommandResult } from '#test/support/commands.ts'
import { shareEngine } from '#test/support/engine.ts'
import { projectRoot } from '#test/support/paths.ts'

const engine = shareEngine()

test('the containers that the other tests look at', async () => {
  const create = [
    ['run', '-d', '--name', 'web', '-p', '127.0.0.1::80', '-l', 'b=2', '-l', 'a=1', 'busybox'],
    ['create', '--name', 'quiet', '--network', 'none', '-v', '/tmp:/x:ro', 'busybox'],
  ] as const
  for (const args of create) {
    const made = await engine().docker([...args, 'sh', '-c', 'echo "it\'s <out>"; sleep 1000'])
    assert.equal(made.code, 0, made.stderr)
  }
  assert.equal((await engine().docker(['run', '--name', 'seven', 'busybox', 'false'])).code, 1)
})

/** Differences that are meant: names of the product, and times that go on. */
function comparable({ stdout, stderr, code }: CommandResult): object {
  const plain = (text: string) =>
    text
      .replaceAll(/\bdocker\b|\bDocker\b/g, 'gantry')
      .replaceAll(/\bSee '/g, "Run '")
      .replaceAll(
        /(About a minute|Less than a second|\d+ (second|minute)s?)( ago)?( \(|\s*)/g,
        'T ',
      )
      .replaceAll(/ {2,}/g, '  ')
  return { stdout: plain(stdout), stderr: plain(stderr), code }
}

const lanes = 3

/** The compiled `gantry`: it starts in a tenth of the time, and is what people run. */
async function check(commands: readonly (readonly string[])[], input = ''): Promise<void> {
  const rest = commands.values()
  const work = async () => {
    for (const args of rest) {
      const docker = await engine().docker(args, { input })
      const gantry = await run(`${projectRoot}/dist/gantry`, args, {
        input,
        env: { ...engine().clientEnv, DOCKER_API_VERSION: '1.50' },
      })
      assert.deepEqual(comparable(gantry), comparable(docker), args.join(' '))
    }
  }
  await Promise.all(Array.from({ length: lanes }, work))
}

/** Words split at spaces. */
function words(...lines: readonly string[]): string[][] {
  return lines.map((line) => line.split(' '))
}

test('lists: forms, filters and their errors', () =>
  check([
    ...words('ps -a', 'ps -a --no-trunc', 'ps -as', 'ps -aq', 'ps -n 1', 'ps -l', 'ps extra'),
    ...words('ps -a --format json', 'ps -a --format raw', 'ps -aq --format {{.Names}}'),
    ...words('ps -a -f exited=1', 'ps -a -f label=a=1', 'ps -a -f network=none', 'ps -f x=y'),
    ...words('ps -f x', 'ps -a -f publish=80', 'ps -a -f status=up', 'ps -n x', 'ps --gone'),
    ...words('images --format json', 'images --format raw', 'images --digests', 'images -q gone'),
    ...words('network ls --format json', 'network ls --format raw', 'network ls -f x=y'),
    ...words(
      'volume ls --format json',
      'history -H=false busybox',
      'history --format json busybox',
    ),
  ]))

test('templates of lists', () =>
  check(
    [
      '{{json .}}',
      '{{.Platform}} {{.Mounts}} {{.Command}} {{.Label "a"}}',
      'table {{.Names}}\\t{{.Label "a"}}\\t{{.RunningFor}}\\t{{.State}}',
      '{{define "T"}}[{{.Names}}]{{end}}{{template "T" .}}',
      '{{range split .Names "e"}}{{if eq . "w"}}{{continue}}{{end}}<{{.}}>{{end}}',
      '{{js .Command}} {{html .Command}} {{urlquery .Command}}',
      '{{.Names',
      '{{gone .Names}}',
      '{{break}}',
    ].map((format) => ['ps', '-a', '--format', format]),
  ))

test('templates of single objects', () =>
  check([
    ...[
      '{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}} {{.State}}',
      '{{.HostConfig.Binds}} {{.HostConfig.PidsLimit}} {{.Mounts}} {{.HostConfig.RestartPolicy}}',
      '{{.NetworkSettings.Ports}} {{.NetworkSettings.IPAddress}} {{.ID}}',
      '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}{{json .Config.Labels}}',
      '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}} {{.Config.StopSignal}}',
      '{{.State.Gone}}',
      '{{.State.Health.Status}}',
      '{{index .Mounts 5}}',
      '{{gone}}',
    ].map((format) => ['inspect', '-f', format, 'web']),
    ...words('inspect web', 'inspect -f json web gone', 'inspect -s quiet', 'inspect gone'),
    ...words('inspect --type image web', 'inspect -f {{.Name}} web gone quiet'),
    ...words('image inspect busybox', 'image inspect --platform linux/amd64 busybox'),
    ...words('image inspect --platform linux/arm64 busybox', 'network inspect bridge gone'),
    ...words('history --platform linux/arm64 busybox', 'rmi --platform linux/arm64 busybox'),
    ['version', '-f', '{{.Server.APIVersion}} {{.Client.APIVersion}} {{.Client.Context}}'],
    ['info', '-f', '{{.ServerVersion}} {{.NCPU}} {{json .Plugins}}'],
    ['events', '--since', '1h', '--until', '0s', '-f', 'container=seven', '--format', 'json'],
    ['events', '--since', '1h', '--until', '0s', '--format', '{{.ID'],
  ]))

test('run: what is wrong with its flags', () =>
  check([
    ...words(
      'run',
      'run --gone busybox',
      'run UPPER',
      'run -m x busybox',
      'run --cpus -1 busybox',
      'run --pid x busybox',
      'run --uts x busybox',
      'run --userns x busybox',
      'run --security-opt x busybox',
      'run --device /dev/null:/x:zz busybox',
      'run --ulimit x=1 busybox',
      'run --sysctl kernel.x=1 busybox',
      'run --mount type=x,target=/x busybox',
      'run --mount type=bind,target=/x busybox',
      'run -v :/x busybox',
      'run --expose x busybox',
      'run --mac-address x busybox',
      'run --network-alias x busybox',
      'run --isolation x busybox',
      'run --platform x busybox',
      'run --device-read-bps /dev/null:x busybox',
      'run --health-retries -1 busybox',
      'run --blkio-weight 5 busybox',
      'run -d -a stdout busybox',
      'run -it busybox',
      'run --volumes-from web busybox',
      'run --link web busybox',
      'create --name web busybox',
      'create --pull never gone',
      'create --cpus x busybox',
      'container run --pid x busybox',
    ),
  ]))

test('run: streams and exit codes', () =>
  check(
    words(
      'run --rm busybox /gone',
      'run --rm busybox /etc',
      'run --rm busybox ls /gone',
      'run --rm -i busybox cat',
      'run --rm busybox cat',
      'run --rm -a stderr busybox ls / /gone',
      'run --rm -a stdin -a stdout -i busybox cat',
      'exec -i web cat',
      'exec web ls /gone',
      'exec web /gone',
      'exec web /etc',
      'exec -it web true',
      'exec -w /gone web pwd',
      'exec quiet true',
    ),
    'line\n',
  ))

test('the other commands: answers and errors', () => {
  const folder = mkdtempSync(`${tmpdir()}/side-by-side-`)
  return check([
    ...words('start gone', 'start -a web gone', 'start --checkpoint x web', 'stop gone web2'),
    ...words('kill quiet', 'kill -s X web', 'pause quiet', 'unpause web', 'wait seven gone'),
    ...words('rename web', 'rename gone x', 'rename web quiet', 'rm gone', 'rm web', 'rm -f gone'),
    ['rename', 'web', ''],
    ...words('attach quiet', 'attach --detach-keys a web2', 'port web 81', 'port', 'top quiet'),
    ...words(
      'logs web',
      'logs --since x web',
      'logs -n 0 web',
      'logs gone',
      'logs -t --tail 1 web',
    ),
    ...words('tag busybox UPPER', 'tag gone x', 'rmi gone', 'rmi -f gone', 'rmi UPPER'),
    ...words('save gone', 'save --platform x busybox', 'load -i /gone', 'load --platform x'),
    ['save', '-o', `${folder}/gone/x.tar`, 'busybox'],
    ...words('import /gone', 'pull UPPER', 'pull -a a:b', 'push -a a:b', 'push localhost:1/gone'),
    ...words('volume rm gone', 'volume inspect gone', 'volume create --name a b'),
    ...words('login --password-stdin localhost:1', 'logout localhost:1', 'help gone', '-l x ps'),
    ...words(
      '-H a -H b ps',
      '--context gone ps',
      '--context default ps -q',
      'container gone',
      'gone',
    ),
  ]).finally(() => rmSync(folder, { recursive: true }))
})
