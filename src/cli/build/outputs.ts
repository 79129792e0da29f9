/** `--output`, `--push` and `--load`. */
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { pipeline } from 'node:stream/promises'
import { isatty } from 'node:tty'
import { EngineError, errnoOf, errorMessage } from '#base/errors.ts'
import { readAnnotationField } from '#cli/build/annotations.ts'
import { type Fields, parseFields } from '#cli/build/csv.ts'
import type { BuildFlags } from '#cli/build/flags.ts'
import type { AnnotationBody, OutputBody } from '#wire/build.ts'

export interface OutputPlan {
  readonly body: OutputBody
  /** Tags that the output itself names (`name=`). */
  readonly names?: readonly string[]
  readonly annotations?: readonly AnnotationBody[]
  /** Where an archive goes; '-' is stdout. */
  readonly destination?: string
  /** Into the destination, a directory. */
  readonly isUnpacked?: boolean
}

/** @throws EngineError invalid_argument with Docker's texts */
export function readOutputs({ output, push, load }: BuildFlags): readonly OutputPlan[] {
  const plans = output.value.map(readOutput)
  if (push.value) plans.push(image(true))
  if (load.value || plans.length === 0) plans.push(image(false))
  return plans
}

function image(isPushed: boolean): OutputPlan {
  return { body: { type: 'image', isPushed } }
}

/** `type=…,dest=…`; a bare path is a directory, `-` a tar on stdout. */
function readOutput(text: string): OutputPlan {
  if (text === '-') return archive('tar', '-')
  if (!text.includes('=')) return archive('local', text)
  const fields = parseFields(text)
  const type = fields.get('type')
  if (type === undefined) {
    throw new EngineError('invalid_argument', 'type is required for output')
  }
  const kind = kinds.get(type)
  if (kind === undefined) {
    throw new EngineError('invalid_argument', `exporter "${type}" could not be found`)
  }
  checkNames(text, fields, kind)
  const destination = fields.get('dest') ?? fields.get('output') ?? ''
  switch (kind) {
    case 'image': {
      const pushes = type === 'registry' || readBool(fields, 'push')
      const isArchive = type === 'docker' && destination !== ''
      const plan = isArchive ? imageArchive(fields, 'docker', destination) : image(pushes)
      return withForm(plan, fields)
    }
    case 'oci':
      return withForm(imageArchive(fields, 'oci', destination), fields)
    case 'tar':
      return archive('tar', destination === '' ? '-' : destination)
    case 'local':
      if (destination !== '') return archive('local', destination)
      throw new EngineError('invalid_argument', 'dest is required for local exporter')
  }
}

type OutputKind = 'image' | 'oci' | 'tar' | 'local'

const kinds: ReadonlyMap<string, OutputKind> = new Map([
  ['image', 'image'],
  ['registry', 'image'],
  ['docker', 'image'],
  ['oci', 'oci'],
  ['tar', 'tar'],
  ['local', 'local'],
])

const fileFields = ['type', 'dest', 'output']

/** What an image can be told; those of the last row say what is so anyway. */
const imageFields = [
  'type dest output name push tar',
  'compression compression-level force-compression oci-mediatypes',
  'rewrite-timestamp unpack store name-canonical',
].flatMap((row) => row.split(' '))

function checkNames(text: string, fields: Fields, kind: OutputKind): void {
  const known = kind === 'tar' || kind === 'local' ? fileFields : imageFields
  const unknown = [...fields.keys()].find(
    (name) => !known.includes(name) && !name.startsWith('annotation'),
  )
  if (unknown === undefined) return
  throw new EngineError('invalid_argument', `--output "${text}": unexpected key "${unknown}"`)
}

/** `tar=false`: the layout is unpacked into the directory. */
function imageArchive(fields: Fields, type: 'docker' | 'oci', destination: string): OutputPlan {
  const isUnpacked = fields.has('tar') && !readBool(fields, 'tar')
  if (isUnpacked && destination === '') {
    throw new EngineError('invalid_argument', `dest is required for ${type} exporter`)
  }
  const plan = archive(type, destination === '' ? '-' : destination)
  return { ...plan, isUnpacked }
}

function withForm(plan: OutputPlan, fields: Fields): OutputPlan {
  const names = (fields.get('name') ?? '').split(',').filter((name) => name !== '')
  const annotations = [...fields].flatMap(([name, value]) => readAnnotationField(name, value) ?? [])
  return { ...plan, names, annotations, body: { ...plan.body, ...readForm(fields) } }
}

function readForm(fields: Fields): Partial<OutputBody> {
  const compression = readCompression(fields.get('compression'))
  const level = fields.get('compression-level')
  const isDocker = fields.has('oci-mediatypes') && !readBool(fields, 'oci-mediatypes')
  return {
    ...(compression === undefined ? {} : { compression }),
    ...(level === undefined ? {} : { compressionLevel: readLevel(level, compression) }),
    ...(readBool(fields, 'force-compression') ? { forcesCompression: true } : {}),
    // As in BuildKit: Docker's types know no zstd.
    ...(isDocker && compression !== 'zstd' ? { mediaFamily: 'docker' } : {}),
  }
}

function readCompression(text: string | undefined): OutputBody['compression'] {
  switch (text) {
    case undefined:
    case 'gzip':
    case 'zstd':
    case 'uncompressed':
      return text
    default:
      throw new EngineError('invalid_argument', `unsupported compression type "${text}"`, {
        hint: 'gzip, zstd and uncompressed are',
      })
  }
}

const mostOfLevel = { gzip: 9, zstd: 22, uncompressed: 0 }

function readLevel(text: string, compression: OutputBody['compression'] = 'gzip'): number {
  const level = Number(text)
  const most = mostOfLevel[compression]
  if (/^\d{1,2}$/.test(text) && level <= most) return level
  const message = `invalid compression-level "${text}": ${compression} has 0 to ${most}`
  throw new EngineError('invalid_argument', message)
}

/** As Go's ParseBool; a key without a value is set. */
function readBool(fields: Fields, name: string): boolean {
  const text = fields.get(name)
  if (text === undefined || /^(?:0|f|false)$/i.test(text)) return false
  if (/^(?:|1|t|true)$/i.test(text)) return true
  const message = `--output: invalid value "${text}" of ${name}: it is neither true nor false`
  throw new EngineError('invalid_argument', message)
}

function archive(type: 'docker' | 'oci' | 'tar' | 'local', destination: string): OutputPlan {
  if (destination === '-' && isatty(1)) {
    throw new EngineError(
      'invalid_argument',
      'dest file is required for this exporter. refusing to write to console',
    )
  }
  return { body: { type }, destination, isUnpacked: type === 'local' }
}

/** Writes the archive of an output to where it was asked for. */
export async function writeOutput(
  { destination = '-', isUnpacked = false }: OutputPlan,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  try {
    if (isUnpacked) await unpackInto(destination, chunks)
    else if (destination === '-') await pipeline(chunks, process.stdout, { end: false })
    else await writeFile(destination, chunks)
  } catch (error) {
    const message = `write output to "${destination}": ${errorMessage(error)}`
    throw new EngineError('failed_precondition', message, { cause: error })
  }
}

async function writeFile(path: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await using file = await open(path, 'w')
  await file.writeFile(chunks)
}

/** The machine's tar writes the files: as root with their owners, as others with their own. */
async function unpackInto(directory: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  await mkdir(directory, { recursive: true })
  const child = spawn('tar', ['-x', '-f', '-', '-C', directory], {
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let complaint = ''
  child.stderr.on('data', (chunk: Buffer) => (complaint += chunk.toString()))
  const [ended, fed] = await Promise.allSettled([
    once(child, 'close'),
    pipeline(chunks, child.stdin),
  ])
  if (ended.status === 'rejected') throw ended.reason
  // A tar that ended early says why; that nobody reads on is what follows from it.
  if (fed.status === 'rejected' && errnoOf(fed.reason) !== 'EPIPE') throw fed.reason
  if (child.exitCode !== 0) throw new EngineError('internal', complaint.trim())
}
