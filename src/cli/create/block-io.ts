import { nonEmpty } from '#cli/create/pairs.ts'
import type { CreatePart } from '#cli/create/parts.ts'
import { given, parseUnsigned } from '#cli/flags/flag-set.ts'
import type { FlagSet } from '#cli/flags/flag-set.ts'
import { parseBinarySize } from '#cli/format/units.ts'

/** Flags about reads and writes of block devices. */
export function declareBlockIoFlags(flags: FlagSet): () => NonNullable<CreatePart['host']> {
  const weight = flags.add(
    'blkio-weight',
    'Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)',
    { initial: 0, type: 'uint16', parse: (text) => parseUnsigned(text, 16) },
  )
  const perDevice = <T>(name: string, help: string, read: (text: string) => T) =>
    flags.add<readonly T[]>(name, help, {
      initial: [],
      type: 'list',
      parse: (text, previous) => [...previous, read(text)],
    })
  const weights = perDevice(
    'blkio-weight-device',
    'Block IO weight (relative device weight)',
    parseDeviceWeight,
  )
  const rate = (name: string, what: string, read: (text: string) => DeviceRate) =>
    perDevice(name, `Limit ${what} a device`, read)
  const readBps = rate('device-read-bps', 'read rate (bytes per second) from', parseByteRate)
  const readIops = rate('device-read-iops', 'read rate (IO per second) from', parseOperationRate)
  const writeBps = rate('device-write-bps', 'write rate (bytes per second) to', parseByteRate)
  const writeIops = rate('device-write-iops', 'write rate (IO per second) to', parseOperationRate)
  return () => ({
    BlkioWeight: given(weight),
    BlkioWeightDevice: nonEmpty(weights.value),
    BlkioDeviceReadBps: nonEmpty(readBps.value),
    BlkioDeviceReadIOps: nonEmpty(readIops.value),
    BlkioDeviceWriteBps: nonEmpty(writeBps.value),
    BlkioDeviceWriteIOps: nonEmpty(writeIops.value),
  })
}

export interface DeviceRate {
  readonly Path: string
  readonly Rate: number
}

/** `/dev/sda:200`. @throws Error with Docker's text */
export function parseDeviceWeight(text: string): {
  readonly Path: string
  readonly Weight: number
} {
  const { path, value } = splitDevice(text)
  const weight = Number(value)
  const isValid = /^\d+$/.test(value) && (weight === 0 || (weight >= 10 && weight <= 1000))
  if (!isValid) throw new Error(`invalid weight for device: ${text}`)
  return { Path: path, Weight: weight }
}

/** `/dev/sda:1mb`. @throws Error with Docker's text */
export function parseByteRate(text: string): DeviceRate {
  const { path, value } = splitDevice(text)
  try {
    return { Path: path, Rate: parseBinarySize(value) }
  } catch (error) {
    const form =
      '<device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional'
    const message = `invalid rate for device: ${text}. The correct format is ${form} and can be kb, mb, or gb`
    throw new Error(message, { cause: error })
  }
}

/** `/dev/sda:1000`. @throws Error with Docker's text */
export function parseOperationRate(text: string): DeviceRate {
  const { path, value } = splitDevice(text)
  if (!/^\d+$/.test(value)) {
    const form = '<device-path>:<number>. Number must be a positive integer'
    throw new Error(`invalid rate for device: ${text}. The correct format is ${form}`)
  }
  return { Path: path, Rate: Number(value) }
}

function splitDevice(text: string): { readonly path: string; readonly value: string } {
  const [path = '', value = '', ...rest] = text.split(':')
  if (path === '' || value === '' || rest.length > 0) throw new Error(`bad format: ${text}`)
  if (!path.startsWith('/dev/')) throw new Error(`bad format for device path: ${text}`)
  return { path, value }
}
