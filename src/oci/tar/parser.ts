import { combineEntry, type Extensions } from '#oci/tar/entry.ts'
import { createGatherer, type Gatherer } from '#oci/tar/gatherer.ts'
import { decodeHeader, isZeroBlock, type RawHeader } from '#oci/tar/header.ts'
import { decodeName } from '#oci/tar/names.ts'
import { damagedArchive } from '#oci/tar/numbers.ts'
import { decodePax } from '#oci/tar/pax.ts'
import {
  createSparseMapReader,
  decodeGnuExtents,
  extentsFromNumbers,
  gnuRealSize,
  validateExtents,
  type SparseMapReader,
} from '#oci/tar/sparse.ts'
import { blockBytes, defaultTarLimits } from '#oci/tar/types.ts'
import type { SparseExtent, TarEntry, TarHandler, TarLimits } from '#oci/tar/types.ts'

/** Takes an archive chunk by chunk, synchronously, and calls its handler as members appear. */
export interface TarParser {
  /** @throws EngineError data_loss, or whatever the handler throws */
  push(chunk: Uint8Array): void
  /** No more bytes. @throws EngineError data_loss in the middle of a member */
  end(): void
}

/** What the next bytes are. Blocks are gathered whole; content passes through as it comes. */
type State =
  | { readonly at: 'header' }
  | { readonly at: 'extension'; readonly header: RawHeader }
  | { readonly at: 'gnuExtents'; readonly sparse: PendingSparse; readonly extents: SparseExtent[] }
  | { readonly at: 'sparseMap'; readonly sparse: PendingSparse; readonly reader: SparseMapReader }
  | { readonly at: 'content' }
  | { readonly at: 'end' }

/** A sparse file whose map is not complete; `entry.sizeBytes` is what is stored. */
interface PendingSparse {
  readonly entry: TarEntry
  readonly realSizeBytes: number
}

interface Machine {
  readonly handler: TarHandler
  readonly limits: TarLimits
  readonly gatherer: Gatherer
  state: State
  /** What extension members said about the next one. */
  extensions: Extensions
  entries: number
  zeroBlocks: number
  /** Padding to pass over before the next block. */
  skipBytes: number
  /** Stored bytes of the current file still to come. */
  leftBytes: number
  /** Where in the file the next stored byte goes. */
  offset: number
  extents: readonly SparseExtent[] | undefined
  extentIndex: number
}

const headerState: State = { at: 'header' }
const contentState: State = { at: 'content' }
const extensionFlags = 'xXgLKVN'

export function createTarParser(
  handler: TarHandler,
  limits: TarLimits = defaultTarLimits,
): TarParser {
  const machine: Machine = {
    handler,
    limits,
    gatherer: createGatherer(),
    state: headerState,
    extensions: {},
    entries: 0,
    zeroBlocks: 0,
    skipBytes: 0,
    leftBytes: 0,
    offset: 0,
    extents: undefined,
    extentIndex: 0,
  }
  return {
    push(input) {
      let chunk = Buffer.from(input.buffer, input.byteOffset, input.length)
      while (chunk.length > 0 && machine.state.at !== 'end') {
        chunk = chunk.subarray(step(machine, chunk))
      }
    },
    end() {
      const { state, skipBytes, extensions, gatherer } = machine
      // Docker's command line leaves out even the last member's padding (`build -f -`).
      const isWhole = skipBytes === 0 || Object.keys(extensions).length === 0
      const isBetween = state.at === 'header' && gatherer.isEmpty && isWhole
      if (state.at !== 'end' && !isBetween) throw damagedArchive('unexpected EOF')
    },
  }
}

/** Consumes some of `chunk`; returns how much. */
function step(machine: Machine, chunk: Buffer): number {
  const { state, gatherer } = machine
  if (state.at === 'content') return passContent(machine, chunk)
  if (machine.skipBytes > 0) {
    const length = Math.min(machine.skipBytes, chunk.length)
    machine.skipBytes -= length
    return length
  }
  const wanted = state.at === 'extension' ? state.header.sizeBytes : blockBytes
  const taken = gatherer.take(chunk, wanted)
  if (gatherer.piece) onPiece(machine, gatherer.piece)
  return taken
}

function onPiece(machine: Machine, piece: Buffer): void {
  const { state } = machine
  switch (state.at) {
    case 'header':
      onHeader(machine, piece)
      return
    case 'extension':
      onExtension(machine, state.header, piece)
      return
    case 'gnuExtents': {
      const { extents, hasMore } = decodeGnuExtents(piece, true)
      state.extents.push(...extents)
      limitExtents(machine, state.extents)
      if (!hasMore) beginSparse(machine, state.sparse, state.extents)
      return
    }
    case 'sparseMap':
      onSparseMap(machine, state, piece)
      return
    case 'content':
    case 'end':
      return
  }
}

function onHeader(machine: Machine, block: Buffer): void {
  if (isZeroBlock(block)) {
    if (++machine.zeroBlocks === 2) machine.state = { at: 'end' }
    return
  }
  machine.zeroBlocks = 0
  const header = decodeHeader(block)
  if (!extensionFlags.includes(header.flag)) {
    onMember(machine, header, block)
    return
  }
  if (header.sizeBytes < 0 || header.sizeBytes > machine.limits.maxExtensionBytes) {
    throw damagedArchive(`an extension of ${header.sizeBytes} bytes`)
  }
  if (header.sizeBytes > 0) machine.state = { at: 'extension', header }
}

/** Global headers (`g`) are passed over, as every container engine does. */
function onExtension(machine: Machine, header: RawHeader, bytes: Buffer): void {
  const known = machine.extensions
  if (header.flag === 'x' || header.flag === 'X') {
    machine.extensions = { ...known, pax: decodePax(bytes) }
  }
  if (header.flag === 'L') machine.extensions = { ...known, longPath: untilNul(bytes) }
  if (header.flag === 'K') machine.extensions = { ...known, longLinkPath: untilNul(bytes) }
  machine.skipBytes = paddingOf(header.sizeBytes)
  machine.state = headerState
}

function untilNul(bytes: Buffer): string {
  const end = bytes.indexOf(0)
  return decodeName(end < 0 ? bytes : bytes.subarray(0, end))
}

function onMember(machine: Machine, header: RawHeader, block: Buffer): void {
  if (++machine.entries > machine.limits.maxEntries) {
    throw damagedArchive(`more than ${machine.limits.maxEntries} members`)
  }
  const entry = combineEntry(header, machine.extensions, machine.limits)
  const sparse = machine.extensions.pax?.sparse
  machine.extensions = {}
  if (entry.type !== 'file') {
    begin(machine, entry, 0)
  } else if (header.flag === 'S' && header.isGnu) {
    const pending = { entry, realSizeBytes: gnuRealSize(block) }
    const { extents, hasMore } = decodeGnuExtents(block, false)
    if (hasMore) machine.state = { at: 'gnuExtents', sparse: pending, extents: [...extents] }
    else beginSparse(machine, pending, extents)
  } else if (sparse) {
    const pending = { entry, realSizeBytes: sparse.realSizeBytes ?? entry.sizeBytes }
    const reader = createSparseMapReader(machine.limits.maxExtents)
    if (sparse.major === 1) machine.state = { at: 'sparseMap', sparse: pending, reader }
    else beginSparse(machine, pending, extentsFromNumbers(sparse.numbers ?? []))
  } else {
    begin(machine, entry, entry.sizeBytes)
  }
}

function onSparseMap(
  machine: Machine,
  { sparse, reader }: Extract<State, { at: 'sparseMap' }>,
  block: Buffer,
): void {
  const extents = reader.push(block)
  const storedBytes = sparse.entry.sizeBytes - reader.sizeBytes()
  if (storedBytes < 0) throw damagedArchive('a sparse map is malformed')
  if (!extents) return
  beginSparse(machine, { ...sparse, entry: { ...sparse.entry, sizeBytes: storedBytes } }, extents)
}

function beginSparse(
  machine: Machine,
  { entry, realSizeBytes }: PendingSparse,
  extents: readonly SparseExtent[],
): void {
  limitExtents(machine, extents)
  validateExtents(extents, realSizeBytes, entry.sizeBytes)
  const filled = extents.filter(({ sizeBytes }) => sizeBytes > 0)
  begin(machine, { ...entry, sizeBytes: realSizeBytes, extents: filled }, entry.sizeBytes)
}

function limitExtents({ limits }: Machine, extents: readonly SparseExtent[]): void {
  if (extents.length > limits.maxExtents) throw damagedArchive('a sparse map is too long')
}

function begin(machine: Machine, entry: TarEntry, storedBytes: number): void {
  machine.leftBytes = storedBytes
  machine.extents = entry.extents
  machine.extentIndex = 0
  machine.offset = entry.extents?.[0]?.offset ?? 0
  machine.skipBytes = paddingOf(storedBytes)
  machine.handler.entry(entry)
  if (storedBytes > 0) machine.state = contentState
  else finish(machine)
}

function finish(machine: Machine): void {
  machine.handler.endEntry()
  machine.state = headerState
}

function passContent(machine: Machine, chunk: Buffer): number {
  const extent = machine.extents?.[machine.extentIndex]
  const room = extent ? extent.offset + extent.sizeBytes - machine.offset : machine.leftBytes
  const length = Math.min(chunk.length, room)
  machine.handler.content(
    length === chunk.length ? chunk : chunk.subarray(0, length),
    machine.offset,
  )
  machine.leftBytes -= length
  machine.offset += length
  if (extent && length === room) {
    machine.offset = machine.extents?.[++machine.extentIndex]?.offset ?? machine.offset
  }
  if (machine.leftBytes === 0) finish(machine)
  return length
}

function paddingOf(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes
}
