/** The image config (image-spec config.md, with Docker's extensions) as data from outside. */
import { EngineError } from '#base/errors.ts'
import {
  decodeBool,
  decodeInteger,
  decodeList,
  decodeObject,
  decodeRecord,
  decodeText,
  type JsonObject,
  member,
  parseJsonObject,
} from '#oci/decode.ts'
import type {
  HealthcheckConfig,
  HistoryEntry,
  ImageConfig,
  ImageRunConfig,
  Platform,
} from '#oci/descriptor.ts'
import { parseDiffId } from '#oci/digest.ts'
import { normalizePlatform } from '#oci/platform.ts'

/** Larger configs are refused. */
export const maxConfigBytes = 4 * 1024 * 1024
/** Docker's own bound on the depth of an image. */
const maxLayers = 127

/**
 * Reads an image config. Members that Gantry does not know are left out; the blob keeps them.
 * @throws EngineError invalid_argument
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  if (bytes.length > maxConfigBytes) throw refused(`larger than ${maxConfigBytes} bytes`)
  return decodeImageConfig(parseJsonObject(bytes, 'image config'))
}

export function decodeImageConfig(json: JsonObject): ImageConfig {
  const rootfs = decodeObject(json['rootfs'], 'rootfs')
  if (rootfs['type'] !== 'layers') throw refused('rootfs.type is not "layers"')
  const diffIds = decodeList(decodeText)(rootfs['diff_ids'] ?? [], 'rootfs.diff_ids')
  if (diffIds.length > maxLayers) throw refused('max depth exceeded')
  return {
    architecture: decodeText(json['architecture'] ?? '', 'architecture'),
    os: decodeText(json['os'] ?? '', 'os'),
    ...member(json, 'variant', decodeText),
    ...member(json, 'os.version', decodeText),
    ...member(json, 'created', decodeText),
    ...member(json, 'author', decodeText),
    ...member(json, 'config', decodeRunConfig),
    rootfs: { type: 'layers', diff_ids: diffIds.map(parseDiffId) },
    ...member(json, 'history', decodeList(decodeHistory)),
  }
}

/** The platform an image config says it is for; `linux` where it is silent. */
export function configPlatform(config: ImageConfig): Platform {
  return normalizePlatform({
    os: config.os === '' ? 'linux' : config.os,
    architecture: config.architecture,
    ...(config.variant === undefined ? {} : { variant: config.variant }),
  })
}

function decodeRunConfig(value: unknown, path: string): ImageRunConfig {
  const json = decodeObject(value, path)
  return {
    ...member(json, 'User', decodeText),
    ...member(json, 'ExposedPorts', decodeRecord(decodeObject)),
    ...member(json, 'Env', decodeList(decodeText)),
    ...member(json, 'Entrypoint', decodeWords),
    ...member(json, 'Cmd', decodeWords),
    ...member(json, 'Volumes', decodeRecord(decodeObject)),
    ...member(json, 'WorkingDir', decodeText),
    ...member(json, 'Labels', decodeRecord(decodeText)),
    ...member(json, 'StopSignal', decodeText),
    ...member(json, 'ArgsEscaped', decodeBool),
    ...member(json, 'Healthcheck', decodeHealthcheck),
    ...member(json, 'OnBuild', decodeList(decodeText)),
    ...member(json, 'Shell', decodeList(decodeText)),
  }
}

/** Very old images hold a single string. */
function decodeWords(value: unknown, path: string): string[] {
  return typeof value === 'string' ? [value] : decodeList(decodeText)(value, path)
}

function decodeHealthcheck(value: unknown, path: string): HealthcheckConfig {
  const json = decodeObject(value, path)
  return {
    ...member(json, 'Test', decodeList(decodeText)),
    ...member(json, 'Interval', decodeInteger),
    ...member(json, 'Timeout', decodeInteger),
    ...member(json, 'StartPeriod', decodeInteger),
    ...member(json, 'StartInterval', decodeInteger),
    ...member(json, 'Retries', decodeInteger),
  }
}

function decodeHistory(value: unknown, path: string): HistoryEntry {
  const json = decodeObject(value, path)
  return {
    ...member(json, 'created', decodeText),
    ...member(json, 'created_by', decodeText),
    ...member(json, 'author', decodeText),
    ...member(json, 'comment', decodeText),
    ...member(json, 'empty_layer', decodeBool),
  }
}

function refused(detail: string): EngineError {
  return new EngineError('invalid_argument', `read image config: ${detail}`)
}
