/** Which foreign programs the kernel can run: binfmt_misc (Documentation/admin-guide/binfmt-misc.rst). */
import { readdirSync, readFileSync } from 'node:fs'
import { errnoOf } from '#base/errors.ts'

const directory = '/proc/sys/fs/binfmt_misc'

/** `e_machine` of ELF headers (elf.h) by Go's architecture names. */
const machines: Readonly<Record<string, number>> = {
  '386': 3,
  amd64: 62,
  arm: 40,
  arm64: 183,
  loong64: 258,
  mips64: 8,
  mips64le: 8,
  ppc64le: 21,
  riscv64: 243,
  s390x: 22,
}
const bigEndian: ReadonlySet<string> = new Set(['mips64', 's390x'])

export type ForeignSupport =
  | { readonly type: 'none' }
  /** Its interpreter would have to be in the container: it was registered without the flag `F`. */
  | { readonly type: 'outside'; readonly handler: string }
  | { readonly type: 'ready'; readonly handler: string }

/** What the kernel does with programs of `architecture`. `read` lists the handlers' files. */
export function foreignSupport(
  architecture: string,
  read: () => readonly HandlerFile[] = readHandlers,
): ForeignSupport {
  const suffix = machineBytes(architecture)
  const found = read().find(({ text }) => suffix !== undefined && matches(text, suffix))
  if (!found) return { type: 'none' }
  const isFixed = /^flags:.*F/m.test(found.text)
  return { type: isFixed ? 'ready' : 'outside', handler: found.name }
}

export interface HandlerFile {
  readonly name: string
  readonly text: string
}

/** An enabled handler for ELF files whose machine field is this. */
function matches(text: string, machine: string): boolean {
  const magic = /^magic ([0-9a-f]+)$/m.exec(text)?.[1] ?? ''
  // The field's bytes are 18 and 19, two hex digits each.
  return /^enabled$/m.test(text) && magic.startsWith('7f454c46') && magic.slice(36, 40) === machine
}

function machineBytes(architecture: string): string | undefined {
  const machine = machines[architecture]
  if (machine === undefined) return undefined
  const bytes = Buffer.alloc(2)
  if (bigEndian.has(architecture)) bytes.writeUInt16BE(machine)
  else bytes.writeUInt16LE(machine)
  return bytes.toString('hex')
}

/** None where binfmt_misc is not mounted. */
function readHandlers(): HandlerFile[] {
  try {
    return readdirSync(directory)
      .filter((name) => name !== 'register' && name !== 'status')
      .map((name) => ({ name, text: readFileSync(`${directory}/${name}`, 'utf8') }))
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'ENODEV'].includes(errnoOf(error) ?? '')) return []
    throw error
  }
}
