import { type Call, queryText } from '#api/call.ts'
import { parseJson } from '#api/body.ts'
import { parsePlatform } from '#oci/platform.ts'
import type { Platform } from '#oci/descriptor.ts'
import { decodeRequest } from '#wire/decode.ts'
import { PlatformBody } from '#wire/images.ts'

/** The query parameter `platform`. @throws EngineError invalid_argument */
export function queryPlatform(call: Call): { readonly platform?: Platform } {
  const text = queryText(call, 'platform')
  return text === undefined ? {} : { platform: readPlatform(text) }
}

/** `linux/arm64`, or since 1.48 its JSON form. @throws EngineError invalid_argument */
export function readPlatform(text: string): Platform {
  if (!text.startsWith('{')) return parsePlatform(text)
  const { os, architecture, variant } = decodeRequest(PlatformBody, parseJson(text))
  return { os, architecture, ...(variant === undefined ? {} : { variant }) }
}
