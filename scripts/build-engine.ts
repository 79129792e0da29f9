/**
 * Makes dist/engine: the engine's sources with their types stripped, file by file, so that a
 * running engine never loads the type stripper (20 MB of it, and WebAssembly).
 * Nothing is bundled or renamed but `.ts` to `.js`: a stack trace still names the source line.
 */
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, relative } from 'node:path'

const root = join(import.meta.dirname, '..')
const target = join(root, 'dist/engine')
/** Only the command line uses these. */
const excluded = new Set(['cli', 'client'])

rmSync(target, { recursive: true, force: true })
for (const file of globSync('**/*.ts', { cwd: join(root, 'src') })) {
  const folder = file.slice(0, file.indexOf('/'))
  if (excluded.has(folder) || file.endsWith('.test.ts')) continue
  const source = readFileSync(join(root, 'src', file), 'utf8')
  const output = join(target, file.replace(/\.ts$/, '.js'))
  mkdirSync(dirname(output), { recursive: true })
  writeFileSync(output, stripTypeScriptTypes(source, { mode: 'strip' }))
}
const manifest = { type: 'module', imports: { '#*.ts': './*.js' } }
writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
cpSync(join(root, 'LICENSE'), join(target, 'LICENSE'))
process.stdout.write(`stripped types into ${relative(root, target)}\n`)
