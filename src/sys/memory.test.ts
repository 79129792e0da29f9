import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { cleanMappings, releaseProgram } from '#sys/memory.ts'

const entry = (head: string, anonymousKb: number) =>
  `${head}\nSize: 4 kB\nRss: 4 kB\nPrivate_Dirty: ${anonymousKb} kB\nAnonymous:             ${anonymousKb} kB\nVmFlags: rd\n`

test('only mappings of the program that hold nothing but its file count', () => {
  const smaps = [
    entry('00400000-00402000 r--p 00000000 fe:00 53                 /usr/bin/node', 0),
    entry('00402000-00500000 r-xp 00002000 fe:00 53                 /usr/bin/node', 0),
    entry('00500000-00501000 r--p 00100000 fe:00 53                 /usr/bin/node', 4),
    entry('00501000-00502000 rw-p 00101000 fe:00 53                 /usr/bin/node', 0),
    entry('7f0000000000-7f0000001000 r-xp 00000000 fe:00 54         /usr/lib/libc.so.6', 0),
    entry('7f0000001000-7f0000002000 rw-p 00000000 00:00 0 ', 4),
  ].join('')
  assert.deepEqual(cleanMappings(smaps, '/usr/bin/node'), [
    { start: 0x400000n, end: 0x402000n },
    { start: 0x402000n, end: 0x500000n },
  ])
})

test('a program that let go of its pages runs on with fewer', () => {
  const residentKb = () =>
    Number(/^RssFile:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
  const before = residentKb()
  releaseProgram()
  assert.ok(residentKb() < before)
  assert.equal(JSON.stringify([...'abc'].toSorted()), '["a","b","c"]')
})
