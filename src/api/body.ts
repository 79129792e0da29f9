import type { IncomingMessage } from 'node:http'
import { EngineError } from '#base/errors.ts'
import { decodeRequest } from '#wire/decode.ts'
import type { Schema } from '#wire/schema.ts'

/** No API object comes near; bounds what one request can make the engine hold. */
const maxBodyBytes = 8 * 1024 * 1024

/**
 * Reads and checks a JSON body. An empty body gives `undefined`.
 * @throws EngineError invalid_argument for a wrong content type, other JSON, or a wrong field type
 */
export async function readJsonBody<T>(
  request: IncomingMessage,
  schema: Schema<T>,
): Promise<T | undefined> {
  const contentType = request.headers['content-type']
  if (contentType === undefined && !hasBody(request)) return undefined
  if (contentType !== undefined || request.headers['content-length'] !== undefined) {
    requireJson(contentType ?? '')
  }
  const text = await readText(request)
  if (text.trim() === '') return undefined
  if (contentType === undefined) requireJson('')
  return decodeRequest(schema, parseJson(text))
}

/** As `readJsonBody`, for operations that need a body. */
export async function requireJsonBody<T>(request: IncomingMessage, schema: Schema<T>): Promise<T> {
  const value = await readJsonBody(request, schema)
  if (value === undefined) {
    throw new EngineError('invalid_argument', 'invalid JSON: got EOF while reading request body')
  }
  return value
}

/** True when the request announces a body. */
export function hasBody(request: IncomingMessage): boolean {
  const length = request.headers['content-length']
  if (length !== undefined) return Number(length) > 0
  return request.headers['transfer-encoding'] !== undefined
}

function requireJson(contentType: string): void {
  const mediaType = contentType.split(';')[0]?.trim().toLowerCase() ?? ''
  if (mediaType === '') {
    throw new EngineError(
      'invalid_argument',
      `malformed Content-Type header (${contentType}): mime: no media type`,
    )
  }
  if (mediaType !== 'application/json') {
    throw new EngineError(
      'invalid_argument',
      `unsupported Content-Type header (${contentType}): must be 'application/json'`,
    )
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const source: AsyncIterable<Uint8Array> = request
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) {
      throw new EngineError(
        'invalid_argument',
        `read request body: more than ${maxBodyBytes.toString()} bytes`,
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** @throws EngineError invalid_argument with Docker's texts */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    const message = /non-whitespace character after JSON/.test(detail)
      ? 'unexpected content after JSON'
      : `invalid JSON: ${detail}`
    throw new EngineError('invalid_argument', message, { cause: error })
  }
}
