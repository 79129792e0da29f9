import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shareEngine } from '#test/support/engine.ts'
import { gantryOnTerminal } from '#test/support/terminal.ts'

const engine = shareEngine()

test('run -it is a terminal: size, resize, exit code, modes restored', async () => {
  const { output, code, isRestored } = await gantryOnTerminal(
    engine(),
    ['run', '-it', '--rm', 'busybox', 'sh'],
    [
      ['expect', '# '],
      ['send', 'stty size; test -t 0 && echo term$((1+1))\n'],
      ['expect', '24 80\r\n'],
      ['expect', 'term2\r\n'],
      ['resize', 40, 120],
      ['send', 'sleep 0.3; stty size\n'],
      ['expect', '40 120\r\n'],
      ['send', 'exit 9\n'],
    ],
  )
  assert.deepEqual({ code, isRestored }, { code: 9, isRestored: true })
  assert.ok(!output.includes('\r\r\n'), 'the terminal changed the bytes of the container')
})

test('the detach keys leave the container running, and attach comes back', async () => {
  const started = await engine().gantry(['run', '-dit', '--name', 'det', 'busybox', 'sh'])
  assert.equal(started.code, 0)
  const first = await gantryOnTerminal(
    engine(),
    ['attach', 'det'],
    [
      ['send', 'echo a$((1+1))\n'],
      ['expect', 'a2\r\n'],
      ['send', '\u0010\u0011'],
    ],
  )
  assert.deepEqual([first.code, first.isRestored], [1, true])
  assert.match(first.output, /read escape sequence\r\n$/)
  const own = await gantryOnTerminal(
    engine(),
    ['attach', '--detach-keys', 'ctrl-a,x', 'det'],
    [
      ['send', 'echo b$((1+1))\n'],
      ['expect', 'b2\r\n'],
      ['send', '\u0001x'],
    ],
  )
  assert.equal(own.code, 1)
  const last = await gantryOnTerminal(
    engine(),
    ['attach', 'det'],
    [
      ['send', 'echo c$((1+1))\n'],
      ['expect', 'c2\r\n'],
      ['send', 'exit 6\n'],
    ],
  )
  assert.equal(last.code, 6)
  await engine().gantry(['rm', 'det'])
})

test('who detaches from run -it can come back and type on', async () => {
  const started = await gantryOnTerminal(
    engine(),
    ['run', '-it', '--name', 'back', 'busybox', 'sh'],
    [
      ['send', 'echo a$((1+1))\n'],
      ['expect', 'a2\r\n'],
      ['send', '\u0010\u0011'],
    ],
  )
  assert.equal(started.code, 0)
  assert.doesNotMatch(started.output, /escape sequence/)
  const again = await gantryOnTerminal(
    engine(),
    ['attach', 'back'],
    [
      ['send', 'echo b$((1+1))\n'],
      ['expect', 'b2\r\n'],
      ['send', 'exit 6\n'],
    ],
  )
  assert.equal(again.code, 6)
  await engine().gantry(['rm', 'back'])
})

test('exec -it is a terminal of its own', async () => {
  await engine().gantry(['run', '-d', '--name', 'host', 'busybox', 'sleep', '600'])
  const { code, isRestored } = await gantryOnTerminal(
    engine(),
    ['exec', '-it', 'host', 'sh'],
    [
      ['expect', '# '],
      ['send', 'stty size\n'],
      ['expect', '24 80\r\n'],
      ['send', 'exit 3\n'],
    ],
  )
  assert.deepEqual({ code, isRestored }, { code: 3, isRestored: true })
  await engine().gantry(['rm', '-f', 'host'])
})

test('detach keys leave an exec, and its exit code', async () => {
  await engine().gantry(['run', '-d', '--name', 'left', 'busybox', 'sleep', '600'])
  const { code, output, isRestored } = await gantryOnTerminal(
    engine(),
    ['exec', '-it', '--detach-keys', 'ctrl-a,d', 'left', 'sh'],
    [
      ['expect', '# '],
      ['send', '\u0001d'],
    ],
  )
  assert.deepEqual({ code, isRestored }, { code: 1, isRestored: true })
  assert.match(output, /read escape sequence\r\n$/)
  await engine().gantry(['rm', '-f', 'left'])
})

test('run -it passes signals on to the program', async () => {
  const script = 'trap "echo told; exit 7" TERM; echo ready; while :; do sleep 0.1; done'
  const { code, output, isRestored } = await gantryOnTerminal(
    engine(),
    ['run', '--rm', '-it', 'busybox', 'sh', '-c', script],
    [
      ['expect', 'ready'],
      ['signal', 'SIGTERM'],
    ],
  )
  assert.deepEqual({ code, isRestored }, { code: 7, isRestored: true })
  assert.match(output, /told\r\n$/)
})

test('run -it without a terminal is refused', async () => {
  const { code, stderr } = await engine().gantry(['run', '-it', 'busybox', 'sh'])
  assert.deepEqual([code, stderr], [1, 'the input device is not a TTY\n'])
})
