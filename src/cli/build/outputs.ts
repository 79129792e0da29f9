/** `--output`, `--push` and `--load`. */
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { pipeline } from 'node:stream/promises'
import { isatty } from 'node:tty'
import { EngineError, errnoOf, errorMessage } from '#base/errors.ts'
import { parseFields } from '#cli/build/csv.ts'
import type { BuildFlags } from '#cli/build/flags.ts'
import type { OutputBody } from '#wire/build.ts'

export interface OutputPlan {
  readonly body: OutputBody
  /** Tags that the output itself names (`name=`). */
  readonly names: readonly string[]
  /** Where an archive goes; '-' is stdout. */
  readonly destination?: string
}

/** @throws EngineError invalid_argument with Docker's texts */
export function readOutputs({ output, push, load }: BuildFlags): readonly OutputPlan[] {
  const plans = output.value.map(readOutput)
  if (push.value) plans.push(image(true))
  if (load.value || plans.length === 0) plans.push(image(false))
  return plans
}

function image(isPushed: boolean, names: readonly string[] = []): OutputPlan {
  return { body: { type: 'image', isPushed }, names }
}

/** `type=…,dest=…`; a bare path is a directory, `-` a tar on stdout. */
function readOutput(text: string): OutputPlan {
  if (text === '-') return archive('tar', '-')
  if (!text.includes('=')) return archive('local', text)
  const fields = parseFields(text)
  const type = fields.get('type')
  const destination = fields.get('dest') ?? fields.get('output') ?? ''
  const names = (fields.get('name') ?? '').split(',').filter((name) => name !== '')
  const pushes = fields.get('push') === 'true'
  switch (type) {
    case 'registry':
      return image(true, names)
    case 'image':
      return image(pushes, names)
    case 'docker':
      return destination === '' ? image(false, names) : { ...archive('docker', destination), names }
    case 'oci':
      return { ...archive('oci', destination === '' ? '-' : destination), names }
    case 'tar':
      return archive('tar', destination === '' ? '-' : destination)
    case 'local':
      if (destination !== '') return archive('local', destination)
      throw new EngineError('invalid_argument', 'dest is required for local exporter')
    case undefined:
      throw new EngineError('invalid_argument', `type is required for output`)
    default:
      throw new EngineError('invalid_argument', `exporter "${type}" could not be found`)
  }
}

function archive(type: 'docker' | 'oci' | 'tar' | 'local', destination: string): OutputPlan {
  if (destination === '-' && isatty(1)) {
    throw new EngineError(
      'invalid_argument',
      'dest file is required for this exporter. refusing to write to console',
    )
  }
  return { body: { type }, names: [], destination }
}

/** Writes the archive of an output to where it was asked for. */
export async function writeOutput(
  { body, destination = '-' }: OutputPlan,
  chunks: AsyncIterable<Uint8Array>,
): Promise<void> {
  try {
    if (body.type === 'local') await unpackInto(destination, chunks)
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
