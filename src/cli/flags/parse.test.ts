import assert from 'node:assert/strict'
import test from 'node:test'
import { createFlagSet } from '#cli/flags/flag-set.ts'
import { parseFlags } from '#cli/flags/parse.ts'

function parse(args: readonly string[], isInterspersed = false) {
  const flags = createFlagSet()
  const cells = {
    interactive: flags.bool('interactive', '', { short: 'i' }),
    tty: flags.bool('tty', '', { short: 't' }),
    rm: flags.bool('rm', ''),
    proxy: flags.bool('sig-proxy', '', { initial: true }),
    publish: flags.list('publish', '', { short: 'p' }),
    name: flags.text('name', ''),
    timeout: flags.integer('timeout', '', { short: 'T' }),
  }
  const outcome = parseFlags(flags, args, { isInterspersed })
  const values = Object.fromEntries(
    Object.entries(cells).flatMap(([key, cell]) => (cell.isSet ? [[key, cell.value]] : [])),
  )
  return { outcome, values }
}

test('parseFlags() takes every spelling of pflag', () => {
  const cases: readonly (readonly [string, object, readonly string[]])[] = [
    ['-it image sh -c x', { interactive: true, tty: true }, ['image', 'sh', '-c', 'x']],
    ['--rm=false image', { rm: false }, ['image']],
    ['--rm image', { rm: true }, ['image']],
    ['--sig-proxy=0 image', { proxy: false }, ['image']],
    ['-p80:80 -p=81:81 --publish 82 image', { publish: ['80:80', '81:81', '82'] }, ['image']],
    ['-itp 80 image', { interactive: true, tty: true, publish: ['80'] }, ['image']],
    ['-i=false image', { interactive: false }, ['image']],
    ['--name=a=b image', { name: 'a=b' }, ['image']],
    ['--name -x image', { name: '-x' }, ['image']],
    ['--rm -- --image', { rm: true }, ['--image']],
    ['image --rm', {}, ['image', '--rm']],
    ['- --rm', {}, ['-', '--rm']],
    ['-T -1 image', { timeout: -1 }, ['image']],
  ]
  for (const [text, values, args] of cases) {
    assert.deepEqual(parse(text.split(' ')), { outcome: { type: 'parsed', args }, values }, text)
  }
})

test('parseFlags() finds flags behind arguments only when interspersed', () => {
  assert.deepEqual(parse(['a', '--rm', 'b', '--', '--c'], true), {
    outcome: { type: 'parsed', args: ['a', 'b', '--c'] },
    values: { rm: true },
  })
})

test('parseFlags() says what is wrong in the words of pflag', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['--gone', 'unknown flag: --gone'],
    ['--gone=1', 'unknown flag: --gone'],
    ['-iz', "unknown shorthand flag: 'z' in -z"],
    ['--name', 'flag needs an argument: --name'],
    ['-ip', "flag needs an argument: 'p' in -p"],
    ['--=x', 'bad flag syntax: --=x'],
    [
      '--rm=maybe',
      'invalid argument "maybe" for "--rm" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [
      '-T x',
      'invalid argument "x" for "-T, --timeout" flag: strconv.ParseInt: parsing "x": invalid syntax',
    ],
  ]
  for (const [text, message] of cases) {
    assert.deepEqual(parse(text.split(' ')).outcome, { type: 'wrong', message }, text)
  }
  assert.deepEqual(parse(['-i', '--help']).outcome, { type: 'help' })
})
