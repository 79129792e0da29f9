import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { globSync } from 'node:fs'
import test from 'node:test'

/** Folder → the folders it may import. The architecture; changing it is a reviewed act. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  base: [],
  oci: ['base'],
  wire: ['base'],
  sys: ['base', 'oci'],
  store: ['base', 'oci', 'sys'],
  registry: ['base', 'oci', 'sys'],
  client: ['base', 'oci', 'wire'],
  image: ['base', 'oci', 'sys', 'store', 'registry'],
  runtime: ['base', 'oci', 'sys', 'store'],
  network: ['base', 'oci', 'sys', 'store'],
  volume: ['base', 'oci', 'sys', 'store'],
  container: ['base', 'oci', 'sys', 'store', 'image', 'runtime', 'network', 'volume'],
  build: ['base', 'oci', 'sys', 'store', 'registry', 'image', 'runtime', 'network'],
  engine: [
    'base',
    'oci',
    'sys',
    'store',
    'registry',
    'image',
    'runtime',
    'network',
    'volume',
    'container',
    'build',
  ],
  api: [
    'base',
    'oci',
    'wire',
    'registry',
    'image',
    'runtime',
    'network',
    'volume',
    'container',
    'build',
    'engine',
  ],
  cli: ['base', 'oci', 'wire', 'client'],
  daemon: ['base', 'oci', 'wire', 'sys', 'engine', 'api'],
}

/** Node modules that only the named folders may touch. */
const guardedModules: Readonly<Record<string, readonly string[]>> = {
  'node:child_process': ['sys', 'cli'],
  koffi: ['sys'],
}

interface Import {
  readonly file: string
  readonly folder: string
  readonly specifier: string
}

function readImports(): Import[] {
  return globSync('src/**/*.ts').flatMap((file) => {
    const folder = file.split('/')[1] ?? ''
    const text = readFileSync(file, 'utf8')
    const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)]
    return specifiers.map((match) => ({ file, folder, specifier: match[1] ?? '' }))
  })
}

test('every import goes to an allowed folder', () => {
  const imports = readImports().filter(({ specifier }) => specifier.startsWith('#'))
  assert.ok(imports.length > 50, 'the scan found too few imports to mean anything')
  const wrong = imports.filter(({ folder, specifier }) => {
    const target = specifier.slice(1).split('/')[0] ?? ''
    return target !== folder && !allowed[folder]?.includes(target)
  })
  assert.deepEqual(wrong, [])
})

test('no relative imports: every path shows its layer', () => {
  assert.deepEqual(
    readImports().filter(({ specifier }) => specifier.startsWith('.')),
    [],
  )
})

test('guarded modules stay where they belong', () => {
  const wrong = readImports().filter(({ folder, specifier }) => {
    const owners = guardedModules[specifier]
    return owners !== undefined && !owners.includes(folder)
  })
  assert.deepEqual(wrong, [])
})

test('the environment and the arguments are read only in cli and daemon', () => {
  const wrong = globSync('src/**/*.ts').filter((file) => {
    const folder = file.split('/')[1]
    if (folder === 'cli' || folder === 'daemon') return false
    return /process\.(env|argv)\b/.test(readFileSync(file, 'utf8'))
  })
  assert.deepEqual(wrong, [])
})
