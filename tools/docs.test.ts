import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const longestReadme = 20

const documents = [
  '*.md',
  'docs/**/*.md',
  'src/**/*.md',
  'test/**/*.md',
  'bench/*.md',
  'examples/**/*.md',
]

test('every folder of src says in a short README what it owns', () => {
  const folders = globSync('src/*/')
  assert.ok(folders.length > 10, 'the scan found too few folders to mean anything')
  const wrong = [...folders, 'bench/', 'test/support/', 'tools/'].flatMap((folder) => {
    const path = join(folder, 'README.md')
    if (!existsSync(path)) return [`${path} is missing`]
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n').length
    return lines > longestReadme ? [`${path} has ${lines} lines`] : []
  })
  assert.deepEqual(wrong, [])
})

test('every dependency has a line in docs/dependencies.md, and no other has one', () => {
  const text = readFileSync('docs/dependencies.md', 'utf8')
  const described = [...text.matchAll(/^\| `([^`]+)` \| npm/gm)].map((match) => match[1] ?? '')
  const used = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
  assert.deepEqual(described.toSorted(), used.toSorted())
})

test('dependencies are pinned to one version', () => {
  const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies })
  assert.deepEqual(
    versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version)),
    [],
  )
})

test('links between documents lead somewhere', () => {
  const files = documents.flatMap((pattern) => globSync(pattern))
  const broken = files.flatMap((file) => {
    const links = [...readFileSync(file, 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    return links
      .map((match) => match[1] ?? '')
      .filter((link) => !/^[a-z]+:/.test(link) && !existsSync(join(dirname(file), link)))
      .map((link) => `${file}: ${link}`)
  })
  assert.deepEqual(broken, [])
})

test('every decision is listed in docs/decisions/README.md', () => {
  const list = readFileSync('docs/decisions/README.md', 'utf8')
  const decisions = globSync('docs/decisions/[0-9]*.md').map((path) => path.split('/').at(-1) ?? '')
  assert.deepEqual(
    decisions.filter((name) => !list.includes(`(${name})`)),
    [],
  )
})

/** Lines of code blocks, a continued line joined to the one that it goes on. */
function commandLines(): { readonly file: string; readonly line: string }[] {
  const files = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/**/*.md')]
  return files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/^```\w*\n(.*?)^```/gms)]
      .flatMap((match) => (match[1] ?? '').replaceAll(/\\\n\s*/g, '').split('\n'))
      .map((line) => ({ file, line })),
  )
}

test('commands and flags that documents show are there', () => {
  const table = readFileSync('src/cli/table.ts', 'utf8')
  const names = [...table.matchAll(/entry\(\s*'([^']+)'/g)].map((match) => match[1] ?? '')
  const commands = new Set(names.flatMap((list) => list.split(', ')))
  const settings = readFileSync('src/daemon/settings.ts', 'utf8')
  const flags = new Set([...settings.matchAll(/flag: '([^']+)'/g)].map((match) => match[1]))
  assert.ok(commands.size > 40 && flags.size > 30, 'the tables were not read')
  const lines = commandLines()
  const unknownCommands = lines.flatMap(({ file, line }) =>
    [...line.matchAll(/(?<![\w/-])gantry (?:-H \S+ |--tlsverify )*([a-z]+)(?: ([a-z]+))?/g)]
      .filter(([, one, two]) => !commands.has(one ?? '') && !commands.has(`${one} ${two}`))
      .map(([text]) => `${file}: ${text}`),
  )
  assert.deepEqual(unknownCommands, [])
  const unknownFlags = lines
    .filter(({ line }) => /^\$? ?(?:gantryd|node src\/daemon)/.test(line))
    .flatMap(({ file, line }) =>
      [...line.matchAll(/ --([a-z-]+)/g)]
        .filter(([, flag]) => !flags.has(flag))
        .map(([, flag]) => `${file}: --${flag}`),
    )
  assert.deepEqual(unknownFlags, [])
})
