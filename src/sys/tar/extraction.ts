import { createHash } from 'node:crypto'
import { EngineError } from '#base/errors.ts'
import { createTarParser } from '#oci/tar/parser.ts'
import { createInflater } from '#sys/tar/inflater.ts'
import { createLayerWriter, type WriterOptions } from '#sys/tar/layer-writer.ts'
import type { ExtractedLayer, ExtractLimits } from '#sys/tar/messages.ts'

/** One layer on its way to the root directory of this thread. */
export interface Extraction {
  write(chunk: Uint8Array): Promise<void>
  finish(): Promise<ExtractedLayer>
  /** Stops and closes; what was written stays for the caller to remove. */
  abandon(): void
}

/** Inflates, hashes, parses and writes. @throws EngineError data_loss, resource_exhausted */
export function createExtraction(limits: ExtractLimits, options: WriterOptions): Extraction {
  const hash = options.form === 'layer' ? createHash('sha256') : undefined
  const writer = createLayerWriter(options)
  const parser = createTarParser(writer, limits)
  let compressedBytes = 0
  let tarBytes = 0
  const inflater = createInflater((piece) => {
    tarBytes += piece.length
    checkBomb({ compressedBytes, tarBytes }, limits)
    hash?.update(piece)
    parser.push(piece)
  })
  return {
    async write(chunk) {
      compressedBytes += chunk.length
      await inflater.write(chunk)
    },
    async finish() {
      await inflater.end()
      parser.end()
      const diffId = hash ? `sha256:${hash.digest('hex')}` : ''
      return { ...writer.finish(), tarBytes, diffId }
    },
    abandon() {
      inflater.destroy()
      writer.abandon()
    },
  }
}

interface Amounts {
  readonly compressedBytes: number
  readonly tarBytes: number
}

function checkBomb({ compressedBytes, tarBytes }: Amounts, limits: ExtractLimits): void {
  const isTooDense =
    tarBytes > limits.ratioFromBytes && tarBytes / compressedBytes > limits.maxRatio
  if (tarBytes <= limits.maxTarBytes && !isTooDense) return
  throw new EngineError(
    'resource_exhausted',
    `extract layer: ${compressedBytes} bytes inflate to more than ${tarBytes - 1}`,
  )
}
