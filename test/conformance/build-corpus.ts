/**
 * `make corpus`: builds every case of `dockerfiles/` with Gantry and with Docker's BuildKit, compares the
 * images field by field and file by file, and prints a table. Arguments: words that the names contain.
 */
import { createServer } from 'node:http'
import { createReadStream, existsSync, mkdtempSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { busyboxDockerArchive } from '#test/support/busybox.ts'
import type { CommandOptions, CommandResult } from '#test/support/commands.ts'
import { startEngine } from '#test/support/engine.ts'
import { caseNames, prepareCase } from '#test/conformance/corpus/cases.ts'
import type { CorpusCase } from '#test/conformance/corpus/cases.ts'
import { compareConfigs, compareTrees } from '#test/conformance/corpus/compare.ts'
import { unpackSaved } from '#test/conformance/corpus/image.ts'
import type { SavedImage } from '#test/conformance/corpus/image.ts'
import { debianArchive, startBuildPeer } from '#test/conformance/corpus/peer.ts'

type CommandLine = (args: readonly string[], options?: CommandOptions) => Promise<CommandResult>

interface Side {
  readonly name: 'here' | 'there'
  readonly command: CommandLine
}

interface Row {
  readonly name: string
  readonly here: string
  readonly there: string
  readonly config: string
  readonly tree: string
  readonly differences: readonly string[]
}

const buildTimeoutMs = 240_000

async function main(words: readonly string[]): Promise<boolean> {
  const root = mkdtempSync('/tmp/g-corpus-')
  await using ends = new AsyncDisposableStack()
  ends.defer(() => rmSync(root, { recursive: true, force: true }))
  const engine = await startEngine({ after: (work) => ends.defer(work) })
  const peer = await startBuildPeer(root)
  if (!peer) process.stdout.write('no peer to compare with: run scripts/corpus-peer.sh\n')
  else ends.defer(() => peer.stop())
  const sides: Side[] = [{ name: 'here', command: (args, options) => engine.gantry(args, options) }]
  if (peer) sides.push({ name: 'there', command: (args, options) => peer.docker(args, options) })
  await loadBases(root, sides)
  const rows: Row[] = []
  for (const name of caseNames(words)) {
    const row = await runCase(await prepareCase(name, `${root}/${name}/context`), sides)
    rows.push(row)
    process.stdout.write(`${formatRow(row)}\n`)
    rmSync(`${root}/${name}`, { recursive: true, force: true })
  }
  return report(rows)
}

/** Busybox and a Debian with the same bytes on both sides; Docker's own archive of it is what Gantry loads. */
async function loadBases(root: string, sides: readonly Side[]): Promise<void> {
  const there = sides.find(({ name }) => name === 'there')
  if (there) await ok(there, ['load', '--input', await busyboxDockerArchive()])
  if (!there || !existsSync(debianArchive())) return
  await ok(there, ['import', '--change', 'CMD ["bash"]', debianArchive(), 'debian:corpus'])
  const archive = `${root}/debian.tar`
  await ok(there, ['save', '--output', archive, 'debian:corpus'])
  for (const side of sides) if (side !== there) await ok(side, ['load', '--input', archive])
  rmSync(archive)
}

async function ok(side: Side, args: readonly string[], options?: CommandOptions): Promise<void> {
  const { code, stderr } = await side.command(args, { timeoutMs: buildTimeoutMs, ...options })
  if (code !== 0) throw new Error(`${side.name}: ${args.join(' ')}: ${stderr}`)
}

async function runCase(item: CorpusCase, sides: readonly Side[]): Promise<Row> {
  const startedAt = Date.now() - 60_000
  const images = new Map<string, SavedImage>()
  const words = new Map<string, string>([['there', item.peerLacks ? 'cannot' : '–']])
  const differences: string[] = item.peerLacks ? [item.peerLacks] : []
  await using server = item.serves ? await serve(item.context) : undefined
  for (const side of sides) {
    if (side.name === 'there' && item.peerLacks) continue
    try {
      images.set(side.name, await buildAndSave(item, { side, remote: server?.url }))
      words.set(side.name, 'yes')
    } catch (error) {
      words.set(side.name, 'NO')
      differences.push(String(error).trim().slice(-600))
    }
  }
  const own = images.get('here')
  const other = images.get('there')
  const row = { name: item.name, here: words.get('here') ?? '–', there: words.get('there') ?? '–' }
  if (!own || !other) return { ...row, config: '–', tree: '–', differences }
  const config = compareConfigs(own.config, other.config)
  const tree = await compareTrees({
    own,
    other,
    ignore: item.ignore ?? [],
    startedAt: item.timesDiffer === undefined ? startedAt : 0,
  })
  return {
    ...row,
    config: config.length === 0 ? 'equal' : 'DIFFERS',
    tree: tree.length === 0 ? 'equal' : 'DIFFERS',
    differences: [...differences, ...config, ...tree],
  }
}

interface BuildTarget {
  readonly side: Side
  readonly remote: string | undefined
}

async function buildAndSave(item: CorpusCase, target: BuildTarget): Promise<SavedImage> {
  const { side, remote } = target
  const options = { cwd: item.context }
  const common = ['build', '--network', 'host', '--progress', 'plain']
  if (item.base !== undefined) {
    const base = [...common, '-t', 'onbuild-base', '-f', '-', '.']
    await ok(side, base, { ...options, input: item.base })
  }
  const remoteArgs = remote === undefined ? [] : ['--build-arg', `REMOTE=${remote}`]
  const tag = `corpus-${item.name}`
  await ok(side, [...common, '-t', tag, ...remoteArgs, ...(item.args ?? []), '.'], options)
  const folder = `${item.context}/../${side.name}`
  mkdirSync(folder)
  await ok(side, ['save', '--output', `${folder}.tar`, tag])
  return unpackSaved(`${folder}.tar`, folder)
}

/** The files below `folder` on a free port of loopback. */
async function serve(folder: string): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    const path = `${folder}${new URL(request.url ?? '/', 'http://x').pathname}`
    const stats = statSync(path, { throwIfNoEntry: false })
    if (!stats?.isFile()) return void response.writeHead(404).end()
    response.setHeader('last-modified', stats.mtime.toUTCString())
    createReadStream(path).pipe(response)
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function formatRow({ name, here, there, config, tree, differences }: Row): string {
  const line = [name.padEnd(28), here.padEnd(4), there.padEnd(7), config.padEnd(8), tree].join(' ')
  const shown = differences.slice(0, 12).map((text) => `    ${text.replaceAll('\n', '\n    ')}`)
  return [line, ...shown].join('\n')
}

function report(rows: readonly Row[]): boolean {
  const count = (isCounted: (row: Row) => boolean) => rows.filter(isCounted).length
  const built = count(({ here }) => here === 'yes')
  const both = count(({ here, there }) => here === 'yes' && there === 'yes')
  const configs = count(({ config }) => config === 'equal')
  const trees = count(({ tree }) => tree === 'equal')
  process.stdout.write(
    `\n${rows.length} cases: ${built} built here, ${both} on both; of these ${configs} configs and ${trees} trees equal\n`,
  )
  return built === rows.length && configs === both && trees === both
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1
