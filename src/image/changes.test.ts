import assert from 'node:assert/strict'
import test from 'node:test'
import { applyChanges } from '#image/changes.ts'

test('instructions edit the config as a Dockerfile would', () => {
  const changed = applyChanges({ Env: ['A=1', 'B=2'], WorkingDir: '/srv' }, [
    'CMD ["a", "b c"]',
    'entrypoint exec "$0"',
    'ENV A=3 C="x y" D=it\\ is',
    'ENV OLD the value',
    'EXPOSE 80 53/UDP',
    'LABEL a.b=c',
    'VOLUME ["/one", "/two"]',
    'VOLUME /three /four',
    'USER 1000:1000',
    'WORKDIR app',
    'STOPSIGNAL SIGINT',
    'ONBUILD RUN true',
  ])
  assert.deepEqual(changed, {
    Env: ['A=3', 'B=2', 'C=x y', 'D=it is', 'OLD=the value'],
    WorkingDir: '/srv/app',
    Cmd: ['a', 'b c'],
    Entrypoint: ['/bin/sh', '-c', 'exec "$0"'],
    ExposedPorts: { '80/tcp': {}, '53/udp': {} },
    Labels: { 'a.b': 'c' },
    Volumes: { '/one': {}, '/two': {}, '/three': {}, '/four': {} },
    User: '1000:1000',
    StopSignal: 'SIGINT',
    OnBuild: ['RUN true'],
  })
})

test('several instructions may come in one text, and a later one wins', () => {
  assert.deepEqual(applyChanges({}, ['CMD a\nCMD b', '']), { Cmd: ['/bin/sh', '-c', 'b'] })
})

test('what is no change is refused by name', () => {
  const messages: Readonly<Record<string, string>> = {
    'RUN true': 'RUN is not a valid change command',
    'constructor x': 'CONSTRUCTOR is not a valid change command',
    CMD: 'CMD requires at least one argument',
    'ENV A': `Syntax error - can't find = in "A". Must be of the form: name=value`,
    'EXPOSE x': 'invalid containerPort: x',
  }
  for (const [change, message] of Object.entries(messages)) {
    assert.throws(() => applyChanges({}, [change]), { kind: 'invalid_argument', message })
  }
})
